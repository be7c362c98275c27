import { describe, expect, it } from 'vitest';
import { createHttpTool } from '../../../../../shared/app/react/tools/http-tool.ts';
import { toSecretValue } from '../../../../../shared/config/secret-value.ts';
import type { ToolConfig } from '../../../../../shared/config/types.ts';
import type { HttpFetch, HttpFetchInit } from '../../../../../shared/contracts/http-fetch.ts';
import { createScriptedFetch, type ScriptedResponse } from '../../../../contracts/scripted-fetch.ts';
import { SIGNAL } from '../scripted-turns.ts';

function prepare(
  config: Partial<ToolConfig>,
  answer: ScriptedResponse = { body: '{"sunny":true}' },
  other?: HttpFetch,
) {
  const { fetch: scripted, exchanges } = createScriptedFetch(() => answer);
  const inits: (HttpFetchInit | undefined)[] = [];
  const fetch: HttpFetch = (url, init) => {
    inits.push(init);
    return (other ?? scripted)(url, init);
  };
  const tool = createHttpTool({
    config: {
      name: 'weather',
      description: 'The weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      url: 'https://tools.example/weather',
      method: 'POST',
      headers: {},
      timeoutMs: 2_000,
      allowedCidrs: [],
      ...config,
    },
    fetch,
    resolve: async (value) => ('value' in value ? value.value : `secret of ${value.secret}`),
  });
  return { tool, exchanges, inits };
}

describe('an HTTP tool', () => {
  it('is offered as the configuration describes it', async () => {
    const { tool } = prepare({});
    expect(tool).toMatchObject({ name: 'weather', description: 'The weather of a city.', timeoutMs: 2_000 });
    const check = await tool.check();
    expect(check({ city: 'Paris' })).toBeUndefined();
    expect(check({})).toContain('city');
    expect(await tool.check()).toBe(check);
  });

  it('posts the arguments as JSON and gives the answer’s text', async () => {
    const { tool, exchanges, inits } = prepare({});
    expect(await tool.run({ city: 'Paris' }, SIGNAL)).toEqual({ text: '{"sunny":true}' });
    expect(exchanges).toEqual([
      {
        url: 'https://tools.example/weather',
        method: 'POST',
        headers: { accept: 'application/json, text/*;q=0.9', 'content-type': 'application/json' },
        body: '{"city":"Paris"}',
        abandoned: false,
      },
    ]);
    expect(inits[0]).toMatchObject({
      signal: SIGNAL,
      maxBytes: 262_144,
      headersTimeoutMs: 2_000,
      idleTimeoutMs: 2_000,
    });
  });

  it('puts the arguments of a GET into the query, where they cannot leave it', async () => {
    const { tool, exchanges } = prepare({ method: 'GET' });
    await tool.run({ city: 'São Paulo&admin=1#x', days: 3, units: ['c', 'f'], near: { lat: 1 }, at: null }, SIGNAL);
    const [exchange] = exchanges;
    expect(exchange).toMatchObject({ method: 'GET', body: '' });
    const url = new URL(exchange?.url as string);
    expect(url.origin + url.pathname + url.hash).toBe('https://tools.example/weather');
    expect([...url.searchParams]).toEqual([
      ['city', 'São Paulo&admin=1#x'],
      ['days', '3'],
      ['units', 'c'],
      ['units', 'f'],
      ['near', '{"lat":1}'],
    ]);
  });

  it('sends the configured headers, secrets resolved, over its own', async () => {
    const { tool, exchanges } = prepare({
      headers: { 'x-key': toSecretValue('secret://weather-key'), accept: toSecretValue('text/plain') },
    });
    await tool.run({}, SIGNAL);
    expect(exchanges[0]?.headers).toMatchObject({ 'x-key': 'secret of weather-key', accept: 'text/plain' });
  });

  it.each([
    [500, 'server_error'],
    [503, 'server_error'],
    [429, 'rate_limit'],
    [404, 'invalid_output'],
    [302, 'invalid_output'],
  ])('tells of the status %d alone', async (status, code) => {
    const { tool } = prepare({}, { status, body: 'stack trace of 10.0.0.1' });
    await expect(tool.run({}, SIGNAL)).rejects.toMatchObject({
      code,
      upstreamStatus: status,
      message: `The tool answered with HTTP status ${status}.`,
    });
  });

  it('lets go of an answer that it does not read', async () => {
    let isLeft = false;
    const body = {
      next: async () => ({ done: false as const, value: new Uint8Array(1) }),
      return: async () => {
        isLeft = true;
        return { done: true as const, value: undefined };
      },
    };
    const { tool } = prepare({}, undefined, async () => ({
      status: 500,
      ok: false,
      headers: { get: () => null },
      chunks: () => ({ [Symbol.asyncIterator]: () => body }),
      text: async () => '',
    }));
    await expect(tool.run({}, SIGNAL)).rejects.toMatchObject({ upstreamStatus: 500 });
    expect(isLeft).toBe(true);
  });

  it.each([
    ['application/json; charset=utf-8', true],
    ['application/problem+json', true],
    ['text/html', true],
    ['application/xml', true],
    ['', true],
    ['image/png', false],
    ['application/octet-stream', false],
  ])('reads an answer of the type %j: %s', async (type, isText) => {
    const { tool } = prepare({}, { headers: { 'content-type': type }, body: 'x' });
    const running = tool.run({}, SIGNAL);
    if (isText) await expect(running).resolves.toEqual({ text: 'x' });
    else await expect(running).rejects.toMatchObject({ code: 'unsupported' });
  });
});

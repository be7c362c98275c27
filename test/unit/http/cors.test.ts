import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { applyCors } from '../../../shared/http/cors.ts';

const PAGE = 'https://app.example';

function ask(origins: readonly string[], method: string, headers: Record<string, string>) {
  const sent: Record<string, string> = {};
  let status: number | undefined;
  const response = {
    setHeader: (name: string, value: string) => {
      sent[name] = value;
    },
    writeHead(code: number) {
      status = code;
      return { end() {} };
    },
  } as unknown as ServerResponse;
  const answered = applyCors({ method, headers } as unknown as IncomingMessage, response, origins);
  return { answered, status, sent };
}

const preflight = (origin: string, more: Record<string, string> = {}) => ({
  origin,
  'access-control-request-method': 'POST',
  ...more,
});

describe('cross-origin requests', () => {
  it('are nobody’s business where no origin is listed', () => {
    expect(ask([], 'OPTIONS', preflight(PAGE))).toEqual({ answered: false, status: undefined, sent: {} });
  });

  it('of a listed origin are allowed, with what the page may read', () => {
    const { answered, sent } = ask([PAGE], 'POST', { origin: PAGE });
    expect(answered).toBe(false);
    expect(sent).toMatchObject({ 'access-control-allow-origin': PAGE, vary: 'Origin' });
    expect(sent['access-control-expose-headers']).toContain('x-sluice-provider');
    expect(sent).not.toHaveProperty('access-control-allow-credentials');
  });

  it.each(['https://app.example.evil', 'https://APP.example', 'http://app.example', 'null', 'https://app.example/'])(
    'of %s get no header',
    (origin) => {
      for (const [method, headers] of [
        ['POST', { origin }],
        ['OPTIONS', preflight(origin)],
      ] as const) {
        expect(ask([PAGE], method, headers).sent).toEqual({ vary: 'Origin' });
      }
    },
  );

  it('are asked for before, and answered at once', () => {
    const wanted = 'authorization,content-type, x-stainless-os';
    expect(ask([PAGE], 'OPTIONS', preflight(PAGE, { 'access-control-request-headers': wanted }))).toMatchObject({
      answered: true,
      status: 204,
      sent: {
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': 'GET, POST, DELETE',
        'access-control-allow-headers': wanted,
      },
    });
  });

  it.each(['a b', 'x:y', 'a,,b', 'x'.repeat(3_000)])('never repeat what is no list of headers: %.20s', (wanted) => {
    const { sent } = ask(['*'], 'OPTIONS', preflight(PAGE, { 'access-control-request-headers': wanted }));
    expect(sent).not.toHaveProperty('access-control-allow-headers');
    expect(sent['access-control-allow-origin']).toBe('*');
  });

  it('leave an OPTIONS that is no preflight to the routes', () => {
    expect(ask([PAGE], 'OPTIONS', { origin: PAGE }).answered).toBe(false);
  });
});

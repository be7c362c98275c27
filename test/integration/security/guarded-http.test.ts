import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Resolve } from '../../../shared/security/pinned-connect.ts';
import { toGuardTarget } from '../../../shared/security/url-guard.ts';
import { describeError } from '../../../shared/telemetry/log.ts';
import {
  answers,
  createRecordingClient,
  createTrap,
  PUBLIC_ADDRESS,
  type RecordingClient,
  readText,
  refusal,
  type Trap,
} from '../../support/guarded-client.ts';
import { guardCase, urlCases } from '../../support/url-cases.ts';

let trap: Trap;
let client: RecordingClient;

beforeEach(async () => {
  trap = await createTrap();
});

afterEach(async () => {
  await client?.close();
  await trap.close();
});

const { target } = guardCase('production');

function open(resolve: Resolve, options: { production?: boolean; connectTimeoutMs?: number } = {}): void {
  client = createRecordingClient({ trap, resolve, production: true, ...options });
}

describe('a request that is refused', () => {
  it.each(Object.keys(urlCases.targets))('opens no socket and asks no name server (target "%s")', async (name) => {
    const { production, resolves, target } = guardCase(name);
    open(answers(...resolves), { production });
    const fetch = client.fetchFor(target);
    // The trap works: what is allowed ends in it.
    expect(await readText(fetch(`${target.origin}${target.path || '/'}`))).toBe('reached');
    expect(trap.connections).toBe(1);
    const reached = [trap.connections, client.dialled.length, client.resolved.length];

    const denied = urlCases.denied.filter((row) => row.target === name);
    for (const { urls, reason } of denied) {
      for (const url of urls) {
        const error = await refusal(fetch(url, { headers: { authorization: 'Bearer secret' } }));
        expect([url, error.code, error.retryable]).toEqual([url, 'blocked_url', false]);
        expect(client.blocked.at(-1)).toEqual({ reason, targetName: name });
      }
    }
    expect([trap.connections, client.dialled.length, client.resolved.length]).toEqual(reached);
    expect(client.blocked).toHaveLength(denied.flatMap(({ urls }) => urls).length);
  });

  it.each(urlCases.resolved.filter(({ verdict }) => verdict !== 'allowed'))(
    'opens no socket to what the name of "$target" resolves to: $answers ($verdict)',
    async (row) => {
      const { target, production } = guardCase(row.target);
      open(answers(...row.answers), { production });
      expect(await refusal(client.fetchFor(target)(target.origin))).toMatchObject({ code: 'blocked_url' });
      expect(client.blocked).toEqual([{ reason: row.verdict, targetName: row.target }]);
      expect([trap.connections, client.dialled]).toEqual([0, []]);
    },
  );

  it.each(urlCases.resolved.filter(({ verdict }) => verdict === 'allowed'))(
    'is not one to what the name of "$target" resolves to: $answers',
    async (row) => {
      const { target, production } = guardCase(row.target);
      open(answers(...row.answers), { production });
      expect(await readText(client.fetchFor(target)(target.origin))).toBe('reached');
      expect([client.dialled, client.blocked]).toEqual([[row.answers], []]);
    },
  );

  it('tells the caller one neutral text, and the log the reason and no address', async () => {
    open(answers('10.0.0.5'));
    const fetch = client.fetchFor(target);
    const errors = [await refusal(fetch(target.origin)), await refusal(fetch('http://169.254.169.254/'))];
    expect(new Set(errors.map(({ message }) => message)).size).toBe(1);
    const logged = errors.map((error) => JSON.stringify([error.message, error.details, describeError(error)]));
    expect(logged[0]).toContain('"private"');
    expect(logged[1]).toContain('"metadata"');
    for (const text of logged) expect(text).not.toMatch(/10\.0\.0\.5|169\.254|run\.app/);
  });

  it('is refused without a resolver for an address that was configured', async () => {
    open(answers(PUBLIC_ADDRESS));
    for (const endpoint of ['https://10.0.0.5', 'https://[fd00::1]', 'https://169.254.169.254', 'https://127.0.0.1']) {
      const own = toGuardTarget({ name: 'tei', endpoint, allowedCidrs: [], development: true });
      expect(await refusal(client.fetchFor(own)(endpoint))).toMatchObject({ code: 'blocked_url' });
    }
    expect([trap.connections, client.dialled, client.resolved]).toEqual([0, [], []]);
  });

  it('may not carry a Host header of its own', async () => {
    open(answers(PUBLIC_ADDRESS));
    const request = client.fetchFor(target)(target.origin, { headers: { host: 'metadata.google.internal' } });
    expect(await refusal(request)).toMatchObject({ code: 'blocked_url' });
    expect(trap.connections).toBe(0);
  });
});

describe('a name that does not resolve', () => {
  it.each([
    ['unknown', 'ENOTFOUND', 'network'],
    ['of a broken name server', 'EAI_AGAIN', 'network'],
    ['of a name server that times out', 'ETIMEDOUT', 'timeout'],
  ])('fails closed: %s', async (_, code, expected) => {
    open(() => Promise.reject(Object.assign(new Error(`${code} ${target.origin}`), { code })));
    const error = await refusal(client.fetchFor(target)(target.origin));
    expect([error.code, error.retryable]).toEqual([expected, true]);
    expect(error.message).not.toContain('run.app');
    expect([trap.connections, client.dialled]).toEqual([0, []]);
  });

  it('fails closed when the name server never answers', async () => {
    open(() => new Promise(() => {}), { connectTimeoutMs: 20 });
    expect(await refusal(client.fetchFor(target)(target.origin))).toMatchObject({ code: 'timeout' });
    expect([trap.connections, client.dialled]).toEqual([0, []]);
  });
});

describe('a name that changes its address', () => {
  it('is resolved once per socket, and the socket goes to what was judged', async () => {
    const script = [[PUBLIC_ADDRESS], ['169.254.169.254']];
    open(() => Promise.resolve(script.shift() ?? []));
    const fetch = client.fetchFor(target);
    for (let count = 0; count < 3; count += 1) expect(await readText(fetch(target.origin))).toBe('reached');
    expect([client.resolved.length, client.dialled, trap.connections]).toEqual([1, [[PUBLIC_ADDRESS]], 1]);
  });

  it('is judged again for the next socket', async () => {
    const script = [[PUBLIC_ADDRESS], ['10.0.0.5']];
    open(() => Promise.resolve(script.shift() ?? []));
    const fetch = client.fetchFor(target);
    trap.answer = (_, response) => response.setHeader('connection', 'close').end('reached');
    expect(await readText(fetch(target.origin))).toBe('reached');
    expect(await refusal(fetch(target.origin))).toMatchObject({ code: 'blocked_url' });
    expect([client.resolved.length, client.dialled, trap.connections]).toEqual([2, [[PUBLIC_ADDRESS]], 1]);
    expect(client.blocked).toEqual([{ reason: 'private', targetName: 'production' }]);
  });

  it('refuses every one of the requests that wait for it', async () => {
    open(answers('10.0.0.5'));
    const fetch = client.fetchFor(target);
    const errors = await Promise.all([1, 2, 3].map(() => refusal(fetch(target.origin))));
    expect(errors.map(({ code }) => code)).toEqual(['blocked_url', 'blocked_url', 'blocked_url']);
    expect([client.blocked.length, trap.connections]).toEqual([3, 0]);
  });

  it('never finds a socket that was opened under other rules', async () => {
    open(answers('10.8.0.5'));
    const { target: opened } = guardCase('private network');
    expect(await readText(client.fetchFor(opened)(opened.origin))).toBe('reached');
    const closed = { ...opened, name: 'other', allowedCidrs: [] };
    expect(await refusal(client.fetchFor(closed)(opened.origin))).toMatchObject({ code: 'blocked_url' });
    // The same rules share.
    expect(await readText(client.fetchFor({ ...opened, name: 'third' })(opened.origin))).toBe('reached');
    expect(trap.connections).toBe(1);
  });
});

describe('TLS', () => {
  it('keeps the name for the Host header, SNI and the certificate', async () => {
    open(answers(PUBLIC_ADDRESS));
    await readText(client.fetchFor(target)('https://OLLAMA-abc123-uc.a.run.app.:443/api/tags'));
    const host = 'ollama-abc123-uc.a.run.app';
    expect(trap.requests).toEqual([
      expect.objectContaining({ scheme: 'https', host, servername: host, url: '/api/tags' }),
    ]);
  });

  it('refuses a certificate for another name', async () => {
    open(answers(PUBLIC_ADDRESS));
    const other = toGuardTarget({ name: 'x', endpoint: 'https://other.example', allowedCidrs: [], development: false });
    const error = await refusal(client.fetchFor(other)(other.origin));
    expect(error).toMatchObject({ code: 'network', retryable: false, message: expect.stringContaining('ALTNAME') });
    expect(trap.requests).toEqual([]);
  });
});

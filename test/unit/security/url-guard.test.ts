import { describe, expect, it } from 'vitest';
import { createUrlGuard, toGuardTarget } from '../../../shared/security/url-guard.ts';
import { guardCase, urlCases } from '../../support/url-cases.ts';

const allowed = urlCases.allowed.flatMap(({ target, urls }) => urls.map((url) => [target, url] as const));
const denied = urlCases.denied.flatMap(({ target, reason, urls }) => urls.map((url) => [target, url, reason] as const));

describe('judgeUrl', () => {
  it('has a table worth the name', () => {
    expect(allowed.length + denied.length).toBeGreaterThan(250);
  });

  it.each(allowed)('lets a request to the target "%s" through: %j', (name, url) => {
    const { target, production } = guardCase(name);
    const verdict = createUrlGuard({ production }).judgeUrl(url, target);
    expect(verdict).toEqual({ allowed: true, origin: target.origin, path: expect.stringMatching(/^\//) });
  });

  it.each(denied)('refuses a request to the target "%s": %j (%s)', (name, url, reason) => {
    const { target, production } = guardCase(name);
    expect(createUrlGuard({ production }).judgeUrl(url, target)).toEqual({ allowed: false, reason });
  });

  it('refuses a URL that is longer than any of ours', () => {
    const { target, production } = guardCase('production base path');
    const judge = (length: number) => {
      const start = `${target.origin}/v1/`;
      return createUrlGuard({ production }).judgeUrl(start + 'x'.repeat(length - start.length), target);
    };
    expect(judge(2048).allowed).toBe(true);
    expect(judge(2049)).toEqual({ allowed: false, reason: 'malformed' });
  });

  it('gives the path in the form that was judged', () => {
    const { target, production } = guardCase('production base path');
    expect(createUrlGuard({ production }).judgeUrl('https://models.example.com./v1/a/../b?c=d', target)).toEqual({
      allowed: true,
      origin: 'https://models.example.com',
      path: '/v1/b?c=d',
    });
  });

  it.each(['development localhost', 'development 127.0.0.1', 'development ::1', 'development ollama'])(
    'refuses the target "%s" in production',
    (name) => {
      const { target } = guardCase(name);
      const guard = createUrlGuard({ production: true });
      expect(guard.judgeUrl(target.origin, target)).toEqual({ allowed: false, reason: 'scheme' });
    },
  );

  it.each([
    ['https://169.254.169.254', 'metadata'],
    ['https://metadata.google.internal', 'metadata'],
    ['https://[fd20:ce::254]', 'metadata'],
    ['https://127.0.0.1:8443', 'loopback'],
    ['https://[::1]', 'loopback'],
    ['https://10.0.0.5', 'private'],
    ['https://0.0.0.0', 'unspecified'],
    ['https://[::ffff:a00:5]', 'private'],
    ['https://localhost', 'local_name'],
    ['https://ollama', 'local_name'],
    ['http://169.254.169.254', 'metadata'],
    ['http://vllm.example.com/v1', 'scheme'],
  ])('refuses %s in production even when it is what was configured (%s)', (endpoint, reason) => {
    const target = toGuardTarget({ name: 'vllm', endpoint, allowedCidrs: [], development: false });
    expect(createUrlGuard({ production: true }).judgeUrl(endpoint, target)).toEqual({ allowed: false, reason });
  });

  it.each(['http://169.254.169.254', 'http://metadata', 'http://10.0.0.5', 'http://[fd00:ec2::254]', 'http://0.0.0.0'])(
    'refuses %s in development too',
    (endpoint) => {
      const target = toGuardTarget({ name: 'tei', endpoint, allowedCidrs: [], development: true });
      expect(createUrlGuard({ production: false }).judgeUrl(endpoint, target).allowed).toBe(false);
    },
  );

  it('takes an address that a CIDR opens, and a public one', () => {
    for (const [endpoint, allowedCidrs] of [
      ['https://10.8.0.5:8443', ['10.8.0.0/24']],
      ['https://[fd12:3456::5]', ['fd12:3456::/48']],
      ['https://34.143.76.2', []],
    ] as const) {
      const target = toGuardTarget({ name: 'vllm', endpoint, allowedCidrs, development: false });
      expect(createUrlGuard({ production: true }).judgeUrl(`${endpoint}/v1`, target).allowed).toBe(true);
    }
  });
});

describe('judgePublicUrl', () => {
  const guard = createUrlGuard({ production: true });

  it.each([
    ['https://api.openai.com/v1/chat/completions', '/v1/chat/completions'],
    ['https://us-central1-aiplatform.googleapis.com/v1/a:b?alt=sse', '/v1/a:b?alt=sse'],
    ['https://Pictures.example:443/cat.png#top', '/cat.png'],
    ['https://pictures.example', '/'],
  ])('takes %s', (url, path) => {
    expect(guard.judgePublicUrl(url)).toMatchObject({ allowed: true, path });
  });

  it.each([
    ['http://pictures.example/cat.png', 'scheme'],
    ['ftp://pictures.example/cat.png', 'scheme'],
    ['data:image/png;base64,AAAA', 'scheme'],
    ['https://pictures.example:8443/cat.png', 'origin'],
    ['https://34.143.76.2/cat.png', 'origin'],
    ['https://[2600::1]/cat.png', 'origin'],
    ['https://127.0.0.1/cat.png', 'loopback'],
    ['https://10.0.0.5/cat.png', 'private'],
    ['https://169.254.169.254/latest', 'metadata'],
    ['https://metadata.google.internal/', 'metadata'],
    ['https://localhost/cat.png', 'local_name'],
    ['https://redis/cat.png', 'local_name'],
    ['https://user@pictures.example/cat.png', 'userinfo'],
    ['https://2130706433/cat.png', 'malformed'],
    ['https://pictures.example\\@10.0.0.5/', 'malformed'],
    ['https://pictures.example/a b', 'malformed'],
  ])('refuses %s (%s)', (url, reason) => {
    expect(guard.judgePublicUrl(url)).toEqual({ allowed: false, reason });
  });
});

describe('judgeAddresses', () => {
  it.each(urlCases.resolved)('judges what the name of "$target" resolves to: $answers is $verdict', (row) => {
    const { target, production } = guardCase(row.target);
    const verdict = createUrlGuard({ production }).judgeAddresses(row.answers, target);
    expect(verdict.allowed ? 'allowed' : verdict.reason).toBe(row.verdict);
  });

  it('wants public addresses where no target is configured', () => {
    const guard = createUrlGuard({ production: false });
    expect(guard.judgeAddresses(['34.143.76.2']).allowed).toBe(true);
    expect(guard.judgeAddresses(['34.143.76.2', '127.0.0.1'])).toEqual({ allowed: false, reason: 'loopback' });
  });

  it.each(['169.254.0.0/16', '0.0.0.0/0', '127.0.0.0/8', 'fd20:ce::/32', '100.100.100.200/32', 'nonsense'])(
    'opens nothing for %s, wherever it comes from',
    (cidr) => {
      const { target } = guardCase('private network');
      const guard = createUrlGuard({ production: true });
      const opened = ['169.254.1.1', '169.254.169.254', '127.0.0.1', 'fd20:ce::254', '100.100.100.200', '10.0.0.1'];
      for (const address of opened) {
        expect(guard.judgeAddresses([address], { ...target, allowedCidrs: [cidr] }).allowed).toBe(false);
      }
    },
  );
});

describe('toGuardTarget', () => {
  const rest = { name: 'vllm', allowedCidrs: [], development: false };

  it('splits an endpoint into its canonical origin and its path', () => {
    expect(toGuardTarget({ ...rest, endpoint: 'HTTPS://Models.Example.com.:443/v1/' })).toEqual({
      ...rest,
      origin: 'https://models.example.com',
      path: '/v1',
    });
    expect(toGuardTarget({ ...rest, endpoint: 'https://models.example.com:8443' })).toMatchObject({
      origin: 'https://models.example.com:8443',
      path: '',
    });
  });

  it.each(['', 'models.example.com', 'https://u@models.example.com', 'https://models.example.com?x', 'ftp://x.y'])(
    'refuses the endpoint %j and names its owner',
    (endpoint) => {
      expect(() => toGuardTarget({ ...rest, endpoint })).toThrow(
        expect.objectContaining({ code: 'configuration', message: expect.stringContaining('vllm') }),
      );
    },
  );

  it.each(['169.254.0.0/16', '0.0.0.0/0', '127.0.0.0/8', 'fd20:ce::/32', '10.0.0.0'])('refuses the CIDR %s', (cidr) => {
    expect(() => toGuardTarget({ ...rest, endpoint: 'https://models.example.com', allowedCidrs: [cidr] })).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
  });
});

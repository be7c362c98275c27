import { describe, expect, it } from 'vitest';
import { createAdmission } from '../../../../shared/app/auth/admission.ts';
import type { SluiceConfig } from '../../../../shared/config/types.ts';

type Limits = Partial<SluiceConfig['limits']>;

/** An admission with a clock that stands still until it is told to go on. */
function open(limits: Limits, production = false) {
  let nowMs = 0;
  const admission = createAdmission({
    config: { limits: { forwardedHops: 0, ...limits } as SluiceConfig['limits'], production },
    now: () => nowMs,
  });
  return { admission, pass: (ms: number) => (nowMs += ms) };
}

function from(remoteAddress: string, forwarded?: string) {
  return { remoteAddress, header: (name: string) => (name === 'x-forwarded-for' ? forwarded : undefined) };
}

const TEN_PER_SECOND = { client: { requestsPerSecond: 10, burst: 20 } };

describe('admission', () => {
  it('lets everybody in where nothing is limited', () => {
    const { admission } = open({});
    for (let count = 0; count < 1_000; count += 1) {
      admission.admitAddress(from('1.2.3.4'));
      admission.admitKey({ name: 'k' });
    }
  });

  it('refuses the call after the burst and takes one more after 100 ms', () => {
    const { admission, pass } = open(TEN_PER_SECOND);
    for (let count = 0; count < 20; count += 1) admission.admitAddress(from('1.2.3.4'));
    expect(() => admission.admitAddress(from('1.2.3.4'))).toThrow(
      expect.objectContaining({ code: 'rate_limit', retryAfterMs: 100 }),
    );
    admission.admitAddress(from('1.2.3.5'));
    pass(100);
    admission.admitAddress(from('1.2.3.4'));
    expect(() => admission.admitAddress(from('1.2.3.4'))).toThrow();
  });

  it('takes nothing off what everybody shares for a caller it refuses', () => {
    const { admission } = open({ client: { requestsPerSecond: 1, burst: 1 }, requestsPerMinute: 2 });
    admission.admitKey({ name: 'greedy' });
    for (let count = 0; count < 50; count += 1) expect(() => admission.admitKey({ name: 'greedy' })).toThrow();
    admission.admitKey({ name: 'modest' });
    expect(() => admission.admitKey({ name: 'third' })).toThrow(/Too many requests/);
  });

  it('counts a key against its own limit, wherever it is used', () => {
    const { admission, pass } = open({});
    const key = { name: 'k', requestsPerMinute: 2 };
    admission.admitKey(key);
    admission.admitKey(key);
    expect(() => admission.admitKey(key)).toThrow(expect.objectContaining({ retryAfterMs: 30_000 }));
    admission.admitKey({ name: 'other', requestsPerMinute: 2 });
    pass(30_000);
    admission.admitKey(key);
  });

  it('ends guessing of keys, and lets one guess a second through', () => {
    const { admission, pass } = open({});
    for (let count = 0; count < 20; count += 1) admission.admitGuess(from('1.2.3.4'));
    expect(() => admission.admitGuess(from('1.2.3.4'))).toThrow();
    admission.admitGuess(from('1.2.3.5'));
    pass(1_000);
    admission.admitGuess(from('1.2.3.4'));
  });

  it.each([
    [
      'the last forwarded address, which Google wrote',
      true,
      from('169.254.1.1', '6.6.6.6, 1.2.3.4'),
      from('169.254.1.1', '7.7.7.7, 1.2.3.4'),
      true,
    ],
    [
      'not what a client writes itself',
      true,
      from('169.254.1.1', '1.2.3.4, 8.8.8.8'),
      from('169.254.1.1', '1.2.3.4, 9.9.9.9'),
      false,
    ],
    [
      'the socket where nobody vouches for the header',
      false,
      from('127.0.0.1', '1.1.1.1'),
      from('127.0.0.1', '2.2.2.2'),
      true,
    ],
    ['the socket when the header is nonsense', true, from('10.0.0.1', 'unknown'), from('10.0.0.1', 'x'), true],
    ['the network of an IPv6 address', false, from('2001:db8:1:2::1'), from('2001:db8:1:2:ffff::9'), true],
    ['other networks apart', false, from('2001:db8:1:2::1'), from('2001:db8:1:3::1'), false],
  ] as const)('knows a caller by %s', (_, production, one, other, same) => {
    const { admission } = open({ client: { requestsPerSecond: 1, burst: 1 } }, production);
    admission.admitAddress(one);
    if (same) expect(() => admission.admitAddress(other)).toThrow();
    else admission.admitAddress(other);
  });

  it('knows a client behind a load balancer, which adds its own address last, and not what the client wrote', () => {
    const { admission } = open({ client: { requestsPerSecond: 1, burst: 1 }, forwardedHops: 1 }, true);
    admission.admitAddress(from('169.254.1.1', '1.2.3.4, 34.0.0.1'));
    admission.admitAddress(from('169.254.1.1', '1.2.3.5, 34.0.0.1'));
    for (const written of ['9.9.9.9, ', '8.8.8.8, 7.7.7.7, ']) {
      expect(() => admission.admitAddress(from('169.254.1.1', `${written}1.2.3.4, 34.0.0.1`))).toThrow();
    }
  });

  it('gives back what was no guess', () => {
    const { admission } = open({});
    for (let count = 0; count < 100; count += 1) {
      admission.admitGuess(from('1.2.3.4'));
      admission.forgiveGuess(from('1.2.3.4'));
    }
  });

  it('says what is left of the limit of a key, and nothing where there is none', () => {
    const { admission, pass } = open({});
    const key = { name: 'k', requestsPerMinute: 60 };
    for (let count = 0; count < 10; count += 1) admission.admitKey(key);
    expect(admission.limitHeaders(key)).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '50',
      'x-ratelimit-reset-requests': '10s',
    });
    pass(4_000);
    expect(admission.limitHeaders(key)).toMatchObject({ 'x-ratelimit-remaining-requests': '54' });
    expect(admission.limitHeaders({ name: 'free' })).toEqual({});
  });

  it('keeps its memory bounded when a million addresses come, and still knows the one that comes all the time', () => {
    const { admission } = open({ client: { requestsPerSecond: 1, burst: 20 } });
    const toAddress = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    let refused = 0;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 1_000_000; index += 1) {
      admission.admitAddress(from(toAddress(index)));
      if (index % 1_000 === 0) {
        try {
          admission.admitAddress(from('99.9.9.9'));
        } catch {
          refused += 1;
        }
      }
    }
    expect(refused).toBe(980);
    expect((process.memoryUsage().heapUsed - before) / 1_048_576).toBeLessThan(200);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUrlGuard, type GuardTarget, toGuardTarget } from '../../../shared/security/url-guard.ts';
import { guardCase } from '../../support/url-cases.ts';

const production = createUrlGuard({ production: true });
const development = createUrlGuard({ production: false });

/** First address and number of free bits. */
const SPECIAL_IPV4 = [
  ...[
    ['0.0.0.0', 24],
    ['10.0.0.0', 24],
    ['100.64.0.0', 22],
    ['127.0.0.0', 24],
    ['169.254.0.0', 16],
  ],
  ...[
    ['172.16.0.0', 20],
    ['192.0.0.0', 8],
    ['192.0.2.0', 8],
    ['192.88.99.0', 8],
    ['192.168.0.0', 16],
  ],
  ...[
    ['198.18.0.0', 17],
    ['198.51.100.0', 8],
    ['203.0.113.0', 8],
    ['224.0.0.0', 28],
    ['240.0.0.0', 28],
  ],
  ...[
    ['169.254.169.254', 0],
    ['100.100.100.200', 0],
    ['168.63.129.16', 0],
  ],
] as const satisfies readonly (readonly [string, number])[];

function toNumber(address: string): number {
  return address.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

function toDotted(value: number): string {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

const specialIPv4 = fc
  .constantFrom(...SPECIAL_IPV4)
  .chain(([first, free]) => fc.nat(2 ** free - 1).map((offset) => toNumber(first) + offset));

const radix = fc.constantFrom(
  (part: number) => String(part),
  (part: number) => `0x${part.toString(16)}`,
  (part: number) => `0X${part.toString(16).toUpperCase()}`,
  (part: number) => `0${part.toString(8)}`,
  (part: number) => `000${part.toString(8)}`,
);

/** One to four parts, each in decimal, octal or hexadecimal, the last one standing for all that is left. */
const spelling = fc
  .tuple(specialIPv4, fc.constantFrom(1, 2, 3, 4), fc.array(radix, { minLength: 4, maxLength: 4 }), fc.boolean())
  .map(([value, count, radixes, dot]) => {
    const bytes = toDotted(value).split('.').map(Number);
    const rest = bytes.slice(count - 1).reduce((sum, byte) => sum * 256 + byte, 0);
    const parts = [...bytes.slice(0, count - 1), rest].map((part, index) => radixes[index]?.(part));
    return { value, text: parts.join('.') + (dot ? '.' : '') };
  });

function words(value: number): string {
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

/** Ways of writing an IPv4 address into an IPv6 one. */
const embedding = fc.constantFrom(
  (value: number) => `::ffff:${toDotted(value)}`,
  (value: number) => `::ffff:${words(value)}`,
  (value: number) => `0:0:0:0:0:FFFF:${words(value).toUpperCase()}`,
  (value: number) => `::${toDotted(value)}`,
  (value: number) => `::ffff:0:${words(value)}`,
  (value: number) => `64:ff9b::${toDotted(value)}`,
  (value: number) => `64:ff9b:1::${words(value)}`,
  (value: number) => `2002:${words(value)}::1`,
  (value: number) => `2001:0:${words(value)}::`,
  (value: number) => `2001:0:808:808:0:0:${words(~value >>> 0)}`,
  (value: number) => `2600:1900:0:1:0:5efe:${words(value)}`,
  (value: number) => `2600:1900::200:5efe:${toDotted(value)}`,
);

const ipv6Words = fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 });
const OUTSIDE = [
  '0',
  '64',
  '100',
  '1fff',
  '4000',
  '5f00',
  '8000',
  'fbff',
  'fc00',
  'fd20',
  'fdff',
  'fe80',
  'fec0',
  'ff02',
];

/** Outside 2000::/3, in full, in capitals, or with leading zeros. */
const specialIPv6 = fc
  .tuple(fc.constantFrom(...OUTSIDE), ipv6Words, fc.constantFrom(1, 2, 3))
  .map(([first, rest, form]) => {
    const full = [first, ...rest.slice(1).map((word) => word.toString(16))];
    if (form === 1) return full.join(':');
    return form === 2 ? full.join(':').toUpperCase() : full.map((word) => word.padStart(4, '0')).join(':');
  });

/** What an attacker with a hand in the configuration would do: the target is the address itself. */
function configured(url: string): GuardTarget | undefined {
  try {
    const { origin } = new URL(url);
    return { name: 'vllm', origin, path: '', allowedCidrs: [], development: false };
  } catch {
    return undefined;
  }
}

function expectRefused(url: string): void {
  const own = configured(url);
  for (const target of [guardCase('production').target, guardCase('private network').target, own]) {
    if (target !== undefined) expect(production.judgeUrl(url, target).allowed, url).toBe(false);
  }
  const { target } = guardCase('development ollama');
  expect(development.judgeUrl(url, target).allowed, url).toBe(false);
  expect(production.judgePublicUrl(url).allowed, url).toBe(false);
}

describe('url guard, whatever the spelling', () => {
  it('refuses every special IPv4 address as a host', () => {
    fc.assert(
      fc.property(spelling, fc.constantFrom('https', 'http'), ({ text }, scheme) => {
        expectRefused(`${scheme}://${text}/`);
      }),
      { numRuns: 2_000 },
    );
  });

  it('tries spellings that the URL parser does take for the address', () => {
    fc.assert(
      fc.property(spelling, ({ value, text }) => {
        expect(new URL(`https://${text}/`).hostname).toBe(toDotted(value));
      }),
    );
  });

  it('refuses every special IPv4 address inside an IPv6 one, as a host and as an answer', () => {
    fc.assert(
      fc.property(specialIPv4, embedding, (value, embed) => {
        const address = embed(value);
        expectRefused(`https://[${address}]/`);
        for (const name of ['production', 'private network', 'development ollama']) {
          const { target } = guardCase(name);
          expect(development.judgeAddresses([address], target).allowed, address).toBe(false);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses every IPv6 address outside the global space, as a host and as an answer', () => {
    fc.assert(
      fc.property(specialIPv6, (address) => {
        expectRefused(`https://[${address}]/`);
        const { target } = guardCase('production');
        expect(production.judgeAddresses([address], target).allowed, address).toBe(false);
        expect(production.judgeAddresses(['34.143.76.2', address], target).allowed, address).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('opens with a CIDR what lies inside it and nothing else', () => {
    const target = toGuardTarget({
      name: 'vllm',
      endpoint: 'https://vllm.example.com',
      allowedCidrs: ['10.8.0.0/24'],
      development: false,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          specialIPv4,
          fc.nat(0xffff).map((low) => toNumber('10.8.0.0') + low),
        ),
        (value) => {
          const inside = value >>> 8 === toNumber('10.8.0.0') >>> 8;
          expect(production.judgeAddresses([toDotted(value)], target).allowed).toBe(inside);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('never throws and never lets another host through, whatever the text', () => {
    const { target } = guardCase('production base path');
    const nasty = fc.array(
      fc.constantFrom(
        ...[
          'https',
          'http',
          ':',
          '/',
          '//',
          '\\',
          '@',
          '#',
          '?',
          '.',
          ' ',
          '\t',
          '\r\n',
          '%',
          '%2e',
          '[',
          ']',
          '::1',
          'v1',
        ],
        ...['models.example.com', 'MODELS.example.com', 'evil.test', '127.0.0.1', '443', '0x7f.1', 'ä', '\u0000', '。'],
      ),
      { maxLength: 12 },
    );
    const prefix = fc.constantFrom('', 'https://', 'https://models.example.com', 'https://models.example.com/v1');
    fc.assert(
      fc.property(
        prefix,
        fc.oneof(
          nasty.map((pieces) => pieces.join('')),
          fc.string(),
        ),
        (before, after) => {
          const verdict = production.judgeUrl(before + after, target);
          if (!verdict.allowed) return;
          const sent = new URL(before + after);
          expect([sent.hostname.replace(/\.$/, ''), sent.port, sent.username, sent.password]).toEqual([
            'models.example.com',
            '',
            '',
            '',
          ]);
          expect(`${sent.pathname}/`.startsWith('/v1/')).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

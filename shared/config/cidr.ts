import { isIPv4, isIPv6 } from 'node:net';

interface Range {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/** Private space a deployment may own. Everything else is either public already or never to be reached. */
const ALLOWED = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'];

/** Metadata services inside that space. */
const FORBIDDEN = ['fd20:ce::/32', 'fd00:ec2::/32', '100.100.100.200/32'];

/** What is wrong with a CIDR as an opt-in to a private network; undefined when nothing is. */
export function cidrFault(text: string): string | undefined {
  const range = parseCidr(text);
  if (range === undefined) return 'must be a CIDR such as 10.8.0.0/24';
  const within = ALLOWED.some((cidr) => contains(parseCidr(cidr), range));
  const touches = FORBIDDEN.some((cidr) => overlaps(parseCidr(cidr), range));
  if (within && !touches) return undefined;
  return 'must lie inside private address space; loopback, link-local, metadata and public ranges cannot be opened';
}

function parseCidr(text: string): Range | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('.') && !address.includes('%') ? 128 : 0;
  if (bits === 0 || Number(length) > bits) return undefined;
  const value = bits === 32 ? fromIPv4(address) : fromIPv6(address);
  const hostBits = BigInt(bits - Number(length));
  const first = (value >> hostBits) << hostBits;
  return { bits, first, last: first + (1n << hostBits) - 1n };
}

function fromIPv4(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) + BigInt(part), 0n);
}

function fromIPv6(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((value, part) => (value << 16n) + BigInt(`0x${part}`), 0n);
}

function contains(outer: Range | undefined, inner: Range): boolean {
  return outer?.bits === inner.bits && outer.first <= inner.first && inner.last <= outer.last;
}

function overlaps(one: Range | undefined, other: Range): boolean {
  return one?.bits === other.bits && one.first <= other.last && other.first <= one.last;
}

import { isIPv4, isIPv6 } from 'node:net';
import { once } from './objects.ts';

export interface IpAddress {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

export interface IpRange {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
}

/** Private space a deployment may own. Everything else is either public already or never to be reached. */
const allowedRanges = rangesByBits(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7']);

/**
 * Where clouds answer their machines' questions about themselves, credentials included: Google, AWS (instances, tasks,
 * pods, its resolver), Azure, Alibaba, Tencent, Oracle, Scaleway. Never to be reached, whatever a file says. Most of
 * them lie in link-local space, some in space that is private or public otherwise.
 */
export const metadataRanges = rangesByBits([
  '169.254.169.254/32',
  '169.254.169.253/32',
  '169.254.170.2/32',
  '169.254.170.23/32',
  '169.254.0.23/32',
  '169.254.42.42/32',
  '168.63.129.16/32',
  '100.100.100.200/32',
  '192.0.0.192/32',
  'fd20:ce::/32',
  'fd00:ec2::/32',
  'fd00:c1::/32',
  'fd00:42::42/128',
]);

/** What is wrong with a CIDR as an opt-in to a private network; undefined when nothing is. */
export function cidrFault(text: string): string | undefined {
  const range = parseCidr(text);
  if (range === undefined) return 'must be a CIDR such as 10.8.0.0/24';
  const within = allowedRanges(range.bits).some((allowed) => isInside(range, allowed));
  if (within && !metadataRanges(range.bits).some((metadata) => overlaps(metadata, range))) return undefined;
  return 'must lie inside private address space; loopback, link-local, metadata and public ranges cannot be opened';
}

/** Undefined for what is no CIDR. Bits behind the prefix are ignored; IPv6 with a dotted end or a zone is refused. */
export function parseCidr(text: string): IpRange | undefined {
  const [base = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(length) || (base.includes('.') && base.includes(':'))) return undefined;
  const address = parseAddress(base);
  if (address === undefined || Number(length) > address.bits) return undefined;
  const hostBits = BigInt(address.bits - Number(length));
  const first = (address.value >> hostBits) << hostBits;
  return { bits: address.bits, first, last: first + (1n << hostBits) - 1n };
}

/** Undefined for what is not an address in full: no short or octal forms, no brackets, no zone. */
export function parseAddress(text: string): IpAddress | undefined {
  const version = ipVersion(text);
  if (version === 4) return { bits: 32, value: fromIPv4(text) };
  return version === 6 && !text.includes('%') ? { bits: 128, value: fromIPv6(text) } : undefined;
}

/**
 * 4, 6, or 0 for what is no address. Node's own check for IPv6 compiles a pattern that takes longer than all else a start
 * does with its addresses, so only what has a colon gets there.
 */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return text.includes(':') && isIPv6(text) ? 6 : 0;
}

/** Ranges known to be well formed, by the bits of their addresses. Those of IPv6 are read for the first such address. */
export function rangesByBits(cidrs: readonly string[]): (bits: IpAddress['bits']) => readonly IpRange[] {
  const ipv4 = once(() => toRanges(cidrs.filter((cidr) => !cidr.includes(':'))));
  const ipv6 = once(() => toRanges(cidrs.filter((cidr) => cidr.includes(':'))));
  return (bits) => (bits === 32 ? ipv4() : ipv6());
}

/** Ranges known to be well formed. */
export function toRanges(cidrs: readonly string[]): readonly IpRange[] {
  return cidrs.map(parseCidr).filter((range) => range !== undefined);
}

export function contains(range: IpRange, { bits, value }: IpAddress): boolean {
  return range.bits === bits && range.first <= value && value <= range.last;
}

function fromIPv4(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) + BigInt(part), 0n);
}

function fromIPv6(address: string): bigint {
  const [head = '', tail] = undotted(address).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((value, part) => (value << 16n) + BigInt(`0x${part}`), 0n);
}

/** `::ffff:10.0.0.1` as `::ffff:a00:1`. */
function undotted(address: string): string {
  if (!address.includes('.')) return address;
  const start = address.lastIndexOf(':') + 1;
  const value = fromIPv4(address.slice(start));
  return `${address.slice(0, start)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

function isInside(inner: IpRange, outer: IpRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

function overlaps(one: IpRange, other: IpRange): boolean {
  return one.bits === other.bits && one.first <= other.last && other.first <= one.last;
}

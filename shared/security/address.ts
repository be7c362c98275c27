import { contains, type IpAddress, metadataRanges, parseAddress, toRanges } from '../config/cidr.ts';
import { once } from '../config/objects.ts';

/** What an address is for. Only `public` is reachable without more; `private` and `shared` may be opened by a CIDR. */
export type AddressClass =
  | 'public'
  | 'invalid'
  | 'metadata'
  | 'loopback'
  | 'unspecified'
  | 'private'
  | 'shared'
  | 'link_local'
  | 'multicast'
  | 'documentation'
  | 'benchmarking'
  | 'translated'
  | 'reserved';

type Table = readonly (readonly [AddressClass, ReturnType<typeof toRanges>])[];

/** https://www.iana.org/assignments/iana-ipv4-special-registry and the multicast block. */
const ipv4Table = once<Table>(() => [
  ['unspecified', toRanges(['0.0.0.0/8'])],
  ['loopback', toRanges(['127.0.0.0/8'])],
  ['private', toRanges(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])],
  ['shared', toRanges(['100.64.0.0/10'])],
  ['link_local', toRanges(['169.254.0.0/16'])],
  ['multicast', toRanges(['224.0.0.0/4'])],
  ['documentation', toRanges(['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'])],
  ['benchmarking', toRanges(['198.18.0.0/15'])],
  ['translated', toRanges(['192.88.99.0/24'])],
  ['reserved', toRanges(['192.0.0.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.175.48.0/24', '240.0.0.0/4'])],
]);

/** Before anything else: these two look like an IPv4 address in an IPv6 one. */
const ipv6SingleTable = once<Table>(() => [
  ['loopback', toRanges(['::1/128'])],
  ['unspecified', toRanges(['::/128'])],
]);

/** https://www.iana.org/assignments/iana-ipv6-special-registry, site-local addresses and the multicast block. */
const ipv6Table = once<Table>(() => [
  ['private', toRanges(['fc00::/7', 'fec0::/10'])],
  ['link_local', toRanges(['fe80::/10'])],
  ['multicast', toRanges(['ff00::/8'])],
  ['documentation', toRanges(['2001:db8::/32', '3fff::/20'])],
  ['benchmarking', toRanges(['2001:2::/48'])],
  // However public the IPv4 address inside is: the way there leads through a translator or a relay of somebody's.
  ['translated', toRanges(['::/32', '64:ff9b::/96', '64:ff9b:1::/48', '2001::/32', '2002::/16'])],
  ['reserved', toRanges(['2001::/23', '2620:4f:8000::/48'])],
]);

/** All that is handed out for global use. The rest of the space is special or nobody's. */
const globalRanges = once(() => toRanges(['2000::/3']));

/** The class of an address in text form, seen through every known way of writing an IPv4 address into an IPv6 one. */
export function classifyAddress(text: string): AddressClass {
  const address = parseAddress(text);
  return address === undefined ? 'invalid' : classify(address);
}

function classify(address: IpAddress): AddressClass {
  if (metadataRanges(address.bits).some((range) => contains(range, address))) return 'metadata';
  if (address.bits === 32) return find(ipv4Table(), address) ?? 'public';
  const single = find(ipv6SingleTable(), address);
  if (single !== undefined) return single;
  const inside = embeddedIPv4(address.value).map((value) => classify({ bits: 32, value }));
  const worst = inside.find((found) => found === 'metadata') ?? inside.find((found) => found !== 'public');
  if (worst !== undefined) return worst;
  return (
    find(ipv6Table(), address) ?? (globalRanges().some((range) => contains(range, address)) ? 'public' : 'reserved')
  );
}

function find(table: Table, address: IpAddress): AddressClass | undefined {
  return table.find(([, ranges]) => ranges.some((range) => contains(range, address)))?.[0];
}

const LOW_32 = 0xffff_ffffn;

/** Prefixes whose last 32 bits are an IPv4 address: compatible, mapped, translated (SIIT), NAT64. */
const TAIL_PREFIXES: ReadonlySet<bigint> = new Set([0n, 0xffffn, 0xffff_0000n, 0x64_ff9bn << 64n]);

function embeddedIPv4(value: bigint): readonly bigint[] {
  const found: bigint[] = [];
  const tail = value & LOW_32;
  if (TAIL_PREFIXES.has(value >> 32n)) found.push(tail);
  // NAT64 of a local network (RFC 8215): after a prefix of 48 bits, split around bits 64 to 71, or at the end.
  if (value >> 80n === 0x64_ff9b_0001n) {
    found.push(tail, (((value >> 64n) & 0xffffn) << 16n) | ((value >> 40n) & 0xffffn));
  }
  if (value >> 112n === 0x2002n) found.push((value >> 80n) & LOW_32);
  // Teredo: the server in clear, the client with all bits inverted.
  if (value >> 96n === 0x2001_0000n) found.push((value >> 64n) & LOW_32, tail ^ LOW_32);
  // ISATAP: a mark in the interface identifier, behind any prefix.
  const mark = (value >> 32n) & LOW_32;
  if (mark === 0x5efen || mark === 0x0200_5efen) found.push(tail);
  return found;
}

import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { classifyAddress } from '../../../shared/security/address.ts';

const SPECIAL = [
  ['unspecified', ['0.0.0.0', '0.255.255.255', '::']],
  ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0', '192.168.255.255']],
  ['private', ['fc00::1', 'fd00::1', 'fdff::1', 'fec0::1', 'feff::1']],
  ['shared', ['100.64.0.0', '100.127.255.255']],
  ['loopback', ['127.0.0.0', '127.0.0.1', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1', '::0001']],
  ['link_local', ['169.254.0.0', '169.254.255.255', 'fe80::1', 'febf::1', 'FE80::1']],
  ['benchmarking', ['198.18.0.0', '198.19.255.255', '2001:2::1']],
  ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1', '3fff:fff::1']],
  ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ffff::1']],
  ['translated', ['192.88.99.1', '2002:808:808::1', '64:ff9b::8.8.8.8', '::ffff:8.8.8.8', '::ffff:0:808:808']],
  ['translated', ['64:ff9b:1:808:8:800:808:808', '2001:0:4136:e378:8000:63bf:f7f7:f7f7', '::8.8.8.8']],
  ['reserved', ['192.0.0.1', '192.0.0.255', '192.31.196.1', '192.52.193.1', '192.175.48.1', '240.0.0.1']],
  ['reserved', ['255.255.255.255', '100::1', '100:0:0:1::1', '5f00::1', '2001:20::1', '2001:1::1', '2620:4f:8000::1']],
  ['reserved', ['1fff:ffff::1', '4000::1', '6000::', 'e000::1', 'fbff::1', 'fe00::1']],
  ['metadata', ['169.254.169.254', '169.254.170.2', '169.254.169.253', '169.254.0.23', '100.100.100.200']],
  ['metadata', ['168.63.129.16', '192.0.0.192', 'fd00:ec2::254', 'fd20:ce::254', 'FD20:00CE::0254', 'fd00:42::42']],
] as const;

const PUBLIC = [
  ...['9.255.255.255', '11.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0'],
  ...['100.63.255.255', '100.128.0.0', '169.253.255.255', '169.255.0.0', '198.17.255.255', '198.20.0.0'],
  ...['126.255.255.255', '128.0.0.0', '1.0.0.0', '223.255.255.255', '192.0.1.0', '191.255.255.255'],
  ...['8.8.8.8', '34.143.76.2', '199.36.153.4', '199.36.153.8', '168.63.129.15', '168.63.129.17'],
  ...['2000::', '2001:200::', '2001:4860:4860::8888', '2600:2d00:2:2000::1', '2001:db7:ffff::', '2001:db9::'],
  ...['3ffe:ffff::1', '3fff:1000::', '2620:4f:7fff::1', '2620:4f:8001::1', '2003::1', '2a00:1450::5efe'],
];

describe('classifyAddress', () => {
  it.each(SPECIAL)('calls %s what the registries do: %j', (name, addresses) => {
    expect(addresses.map((address) => [address, classifyAddress(address)])).toEqual(
      addresses.map((address) => [address, name]),
    );
  });

  it.each(PUBLIC)('calls %s public', (address) => {
    expect(classifyAddress(address)).toBe('public');
  });

  it.each([
    ...['', 'localhost', '10.0.0', '010.0.0.1', '0x7f.0.0.1', '2130706433', '1.2.3.4.5', '256.1.1.1', ' 8.8.8.8'],
    ...['[::1]', '::1%lo', 'fe80::1%eth0', '2600::1%1', ':::', '1::2::3', '8.8.8.8/32', '::ffff:8.8.8'],
  ])('takes %j for no address', (text) => {
    expect(classifyAddress(text)).toBe('invalid');
  });

  it.each([
    ['mapped', '::ffff:169.254.169.254'],
    ['mapped, in hexadecimal', '::ffff:a9fe:a9fe'],
    ['mapped, in full', '0000:0000:0000:0000:0000:ffff:a9fe:a9fe'],
    ['compatible', '::169.254.169.254'],
    ['translated without state', '::ffff:0:169.254.169.254'],
    ['NAT64', '64:ff9b::a9fe:a9fe'],
    ['NAT64 of a local network, at the end', '64:ff9b:1:abcd::a9fe:a9fe'],
    ['NAT64 of a local network, after 48 bits', '64:ff9b:1:a9fe:a9:fe00::'],
    ['6to4', '2002:a9fe:a9fe::1'],
    ['Teredo server', '2001:0:a9fe:a9fe::'],
    ['Teredo client', '2001:0:808:808:0:0:5601:5601'],
    ['ISATAP', '2600:1900::5efe:169.254.169.254'],
    ['ISATAP of a global identifier', '2600:1900::200:5efe:a9fe:a9fe'],
    ['ISATAP in private space', 'fd12:3456::5efe:a9fe:a9fe'],
  ])('finds a metadata address inside an IPv6 one: %s', (_, address) => {
    expect(classifyAddress(address)).toBe('metadata');
  });

  it('never calls public what another implementation of the registries calls special', () => {
    const specialIPv4 = ['10', '127', '169.254', '172.16', '192.168', '100.64', '224', '240', '0', '198.18'];
    const ipv4 = fc
      .tuple(fc.constantFrom('', ...specialIPv4), fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }))
      .map(([prefix, bytes]) => [...(prefix === '' ? [] : prefix.split('.')), ...bytes].slice(0, 4).join('.'));
    const prefixes = [
      '',
      '0',
      '64',
      '100',
      '2001',
      '2002',
      '2600',
      '3fff',
      '5f00',
      'fc00',
      'fd20',
      'fe80',
      'fec0',
      'ff02',
    ];
    const ipv6 = fc
      .tuple(fc.constantFrom(...prefixes), fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }))
      .map(([prefix, words]) =>
        [...(prefix === '' ? [] : [prefix]), ...words.map((word) => word.toString(16))].slice(0, 8).join(':'),
      );
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (address) => {
        if (classifyAddress(address) !== 'public') return;
        expect(ipaddr.parse(address).range()).toBe('unicast');
      }),
      { numRuns: 3_000 },
    );
  });
});

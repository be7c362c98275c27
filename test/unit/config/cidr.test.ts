import { describe, expect, it } from 'vitest';
import { cidrFault, contains, parseAddress, parseCidr } from '../../../shared/config/cidr.ts';

describe('cidrFault', () => {
  it.each([
    '10.8.0.0/24',
    '10.0.0.0/8',
    '172.16.0.0/12',
    '172.31.255.255/32',
    '192.168.0.0/16',
    '100.64.0.0/16',
    'fd12:3456::/48',
    'fd00::1/128',
  ])('accepts the private range %s', (cidr) => {
    expect(cidrFault(cidr)).toBeUndefined();
  });

  it.each([
    '169.254.0.0/16',
    '169.254.169.254/32',
    '0.0.0.0/0',
    '127.0.0.0/8',
    '::1/128',
    '::/0',
    'fd20:ce::/32',
    'fd20:ce::254/128',
    'fd00:ec2::254/128',
    'fc00::/7',
    'fe80::/10',
    '100.100.100.200/32',
    '100.64.0.0/10',
    '10.0.0.0/0',
    '168.63.129.16/32',
    '192.0.0.192/32',
    'fd00:42::/32',
    'fd00::/8',
    '64:ff9b::/96',
    'fec0::/10',
    '224.0.0.0/4',
    '8.8.8.0/24',
    '10.0.0.0/7',
    '172.0.0.0/8',
    '2001:db8::/32',
  ])('refuses %s, which no file may open', (cidr) => {
    expect(cidrFault(cidr)).toContain('private address space');
  });

  it.each([
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    'ten/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'fd00::/129',
    '::ffff:10.0.0.1/128',
    'fd00::1%eth0/64',
  ])('refuses %j, which is not a CIDR', (cidr) => {
    expect(cidrFault(cidr)).toContain('must be a CIDR');
  });
});

describe('parseAddress', () => {
  it.each([
    ['10.8.0.5', 32, 0x0a08_0005n],
    ['::', 128, 0n],
    ['::1', 128, 1n],
    ['fd00::', 128, 0xfdn << 120n],
    ['1:2:3:4:5:6:7:8', 128, 0x0001_0002_0003_0004_0005_0006_0007_0008n],
    ['::ffff:10.8.0.5', 128, 0xffff_0a08_0005n],
    ['64:ff9b::255.255.255.255', 128, (0x64_ff9bn << 96n) | 0xffff_ffffn],
  ])('reads %s', (text, bits, value) => {
    expect(parseAddress(text)).toEqual({ bits, value });
  });

  it.each(['', 'localhost', '10.8', '010.0.0.1', '0x7f.1', 'fe80::1%eth0', '[::1]', '10.0.0.0/8'])(
    'refuses %j',
    (text) => {
      expect(parseAddress(text)).toBeUndefined();
    },
  );
});

describe('contains', () => {
  it.each([
    ['10.8.0.0/24', '10.8.0.0', true],
    ['10.8.0.0/24', '10.8.0.255', true],
    ['10.8.0.0/24', '10.8.1.0', false],
    ['10.8.0.0/24', '10.7.255.255', false],
    ['10.8.0.77/24', '10.8.0.1', true],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['::/0', '10.8.0.0', false],
    ['fd12::/16', 'fd12:ffff::1', true],
    ['fd12::/16', 'fd13::', false],
  ])('for %s and %s is %s', (cidr, address, expected) => {
    const range = parseCidr(cidr);
    const parsed = parseAddress(address);
    expect(range && parsed && contains(range, parsed)).toBe(expected);
  });
});

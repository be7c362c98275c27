import { describe, expect, it } from 'vitest';
import { cidrFault } from '../../../shared/config/cidr.ts';

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

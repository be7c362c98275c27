import { describe, expect, it } from 'vitest';
import { createHostCheck } from '../../../shared/http/host-check.ts';

describe('the host header of a service without keys', () => {
  const knows = createHostCheck(['Box.example.com']);

  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:8080',
    'localhost.',
    'app.localhost:8080',
    '127.0.0.1:8080',
    '127.8.9.10',
    '[::1]:8080',
    '[::1]',
    '192.168.1.5:8080',
    '[fd00::5]:80',
    'sluice:8080',
    'host.docker.internal:8080',
    'sluice.default.svc.cluster.local',
    'box.example.com:8080',
    'BOX.example.com.',
    undefined,
  ])('is its own as %s', (header) => {
    expect(knows(header)).toBe(true);
  });

  it.each([
    'attacker.example',
    'attacker.example:8080',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    '127.0.0.1.nip.io:8080',
    'sub.box.example.com',
    'box.example.com.attacker.example',
    'internal.example',
    'notlocalhost.com',
    '[attacker.example]',
    '[::1].attacker.example',
    'localhost:8080:attacker.example',
    'localhost@attacker.example',
    'localhost/attacker.example',
    '',
  ])('is foreign as %j', (header) => {
    expect(knows(header)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { checkEndpoint, fromOllamaHost } from '../../../shared/config/endpoint.ts';

const development = { production: false };
const production = { production: true };

describe('checkEndpoint', () => {
  it('brings an address into its normal form', () => {
    expect(checkEndpoint('HTTPS://API.Example.com:443/v1/', production)).toEqual({ url: 'https://api.example.com/v1' });
    expect(checkEndpoint('https://api.example.com', production)).toEqual({ url: 'https://api.example.com' });
  });

  it('takes one trailing dot for the name without it, so that a token made for one fits the other', () => {
    expect(checkEndpoint('https://ollama-abc123-uc.a.run.app.', production)).toEqual({
      url: 'https://ollama-abc123-uc.a.run.app',
    });
    expect(checkEndpoint('https://localhost.', production)).toHaveProperty('fault');
    expect(checkEndpoint('https://ollama.:8080', production)).toHaveProperty('fault');
  });

  it.each([
    'http://localhost:11434',
    'http://127.0.0.1:11434',
    'http://127.9.9.9',
    'http://[::1]:11434',
    'http://LOCALHOST:11434',
    'http://ollama:11434',
    'http://ollama-service.apps.svc.cluster.local:11434',
  ])('takes %s in development and refuses it in production', (address) => {
    expect(checkEndpoint(address, development)).toHaveProperty('url');
    expect(checkEndpoint(address, production)).toHaveProperty('fault');
  });

  it('refuses local targets in production over https too, but not a cluster name', () => {
    for (const address of ['https://localhost:8443', 'https://127.0.0.1', 'https://ollama']) {
      expect(checkEndpoint(address, production)).toHaveProperty('fault', expect.stringContaining('local target'));
    }
    expect(checkEndpoint('https://ollama.apps.svc.cluster.local', production)).toHaveProperty('url');
  });

  it.each(['http://api.example.com', 'http://10.0.0.5', 'http://localhost.evil.com', 'http://127.0.0.1.nip.io'])(
    'wants https for %s everywhere',
    (address) => {
      expect(checkEndpoint(address, development)).toHaveProperty('fault', expect.stringContaining('https'));
    },
  );

  it.each([
    ['https://169.254.169.254', 'metadata service'],
    ['http://169.254.169.254', 'metadata service'],
    ['https://2852039166', 'metadata service'],
    ['https://[::ffff:169.254.169.254]', 'metadata service'],
    ['https://[64:ff9b::169.254.169.254]', 'metadata service'],
    ['https://[fd20:ce::254]', 'metadata service'],
    ['https://metadata.google.internal./x', 'metadata service'],
    ['https://METADATA', 'metadata service'],
    ['https://169.254.1.1', 'link-local'],
    ['https://[fe80::1]', 'link-local'],
    ['https://0.0.0.0', 'no particular address'],
    ['https://[::]', 'no particular address'],
    ['https://224.0.0.1', 'multicast'],
    ['https://255.255.255.255', 'reserved'],
    ['https://192.0.2.1', 'documentation'],
    ['https://198.18.0.1', 'benchmarks'],
    ['https://[2002:808:808::1]', 'translator'],
  ])('never takes %s', (address, rule) => {
    for (const mode of [development, production]) {
      expect(checkEndpoint(address, mode)).toHaveProperty('fault', expect.stringContaining(rule));
    }
  });

  it('leaves public and private addresses to the judgement of each connection', () => {
    for (const address of ['https://8.8.8.8', 'https://10.8.0.5', 'https://[fd00::5]', 'https://[2001:4860::8888]']) {
      expect(checkEndpoint(address, production)).toEqual({ url: address });
    }
  });

  it.each([
    '',
    'not a url',
    'http://',
    '://x',
    'https:api.example.com',
    'file:///etc/passwd',
    'ftp://example.com',
    'javascript:alert(1)',
    'https://user:pw@example.com',
    'https://@example.com',
    'https://example.com?x=1',
    'https://example.com#f',
    'https://exa\tmple.com',
    ' https://example.com',
    'https://example.com\\@evil.com',
    'https://example.com\r\nHost: x',
    'https://[invalid',
    'https://ｅxample.com',
    'https://exämple.com',
    'https://example%2ecom',
    'https://0x08080808',
    'https://010.0.0.5',
    'https://134744072',
    'https://example.com..',
    'https://example.com:0443',
    'https:///example.com',
  ])('refuses %j', (address) => {
    expect(checkEndpoint(address, development)).toHaveProperty('fault');
  });
});

describe('fromOllamaHost', () => {
  it.each([
    ['http://ollama:11434', 'http://ollama:11434'],
    ['https://ollama.example.com', 'https://ollama.example.com'],
    ['http://ollama.example.com', 'http://ollama.example.com'],
    ['http://ollama-service.apps.svc.cluster.local:11434', 'http://ollama-service.apps.svc.cluster.local:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['http://0.0.0.0:11434', 'http://127.0.0.1:11434'],
    ['http://[::]:11434', 'http://127.0.0.1:11434'],
    ['::', 'http://127.0.0.1:11434'],
    [':8080', 'http://127.0.0.1:8080'],
    ['127.0.0.1', 'http://127.0.0.1:11434'],
    ['::1', 'http://[::1]:11434'],
    ['[::1]', 'http://[::1]:11434'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['ollama', 'http://ollama:11434'],
    ['ollama:', 'http://ollama:11434'],
    ['ollama:9999', 'http://ollama:9999'],
    ['localhost:9999/', 'http://localhost:9999/'],
    [' "0.0.0.0:9999" ', 'http://127.0.0.1:9999'],
    ["'ollama'", 'http://ollama:11434'],
    ['http://ollama:11434/api', 'http://ollama:11434/api'],
  ])('reads %s as %s', (value, expected) => {
    expect(fromOllamaHost(value)).toBe(expected);
  });

  it.each(['ollama:99999', 'a b', 'ftp://ollama', 'user@ollama'])('leaves %j to be refused', (value) => {
    expect(checkEndpoint(fromOllamaHost(value), development)).toHaveProperty('fault');
  });
});

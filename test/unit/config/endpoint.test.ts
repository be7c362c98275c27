import { describe, expect, it } from 'vitest';
import { checkEndpoint, fromOllamaHost } from '../../../shared/config/endpoint.ts';

const development = { production: false };
const production = { production: true };

describe('checkEndpoint', () => {
  it('brings an address into its normal form', () => {
    expect(checkEndpoint('HTTPS://API.Example.com:443/v1/', production)).toEqual({ url: 'https://api.example.com/v1' });
    expect(checkEndpoint('https://api.example.com', production)).toEqual({ url: 'https://api.example.com' });
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

  it.each([
    'http://api.example.com',
    'http://10.0.0.5',
    'http://localhost.evil.com',
    'http://127.0.0.1.nip.io',
    'http://169.254.169.254',
  ])('wants https for %s everywhere', (address) => {
    expect(checkEndpoint(address, development)).toHaveProperty('fault', expect.stringContaining('https'));
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
  ])('refuses %j', (address) => {
    expect(checkEndpoint(address, development)).toHaveProperty('fault');
  });
});

describe('fromOllamaHost', () => {
  it.each([
    ['http://ollama:11434', 'http://ollama:11434'],
    ['https://ollama.example.com', 'https://ollama.example.com'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    ['http://0.0.0.0:11434', 'http://127.0.0.1:11434'],
    ['http://[::]:11434', 'http://127.0.0.1:11434'],
    ['ollama', 'http://ollama:11434'],
    ['ollama:9999', 'http://ollama:9999'],
  ])('reads %s as %s', (value, expected) => {
    expect(fromOllamaHost(value)).toBe(expected);
  });
});

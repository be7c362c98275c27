import { describe, expect, it } from 'vitest';
import { explainListenFault, readPort } from '../../../scripts/start.ts';

describe('the port that npm start listens on', () => {
  it('is the one of PORT, 8080 without one', () => {
    expect([readPort('0'), readPort('65535'), readPort('8090'), readPort(''), readPort()]).toEqual([
      0, 65_535, 8090, 8080, 8080,
    ]);
  });

  it.each(['abc', '65536', '-1', '80.5', ' 80', '1e3', '0x50'])('is refused in words when it is "%s"', (text) => {
    expect(() => readPort(text)).toThrow('PORT is a number from 0 to 65535.');
  });
});

describe('an address that nothing can listen on', () => {
  const explain = (code: string, syscall = 'listen') =>
    explainListenFault(Object.assign(new Error(code), { code, syscall }), { host: '1.2.3.4', port: 80 });

  it.each([
    ['EADDRINUSE', /^Port 80 is in use\. .*PORT=8090 npm start/],
    ['EACCES', /^Port 80 may not be opened.*PORT=8090 npm start/],
    ['EADDRNOTAVAIL', /^HOST 1\.2\.3\.4 is no address of this machine\..*HOST=0\.0\.0\.0/],
    ['ENOTFOUND', /^HOST 1\.2\.3\.4/, 'getaddrinfo'],
  ])('is explained with what to do (%s)', (code, words, syscall?: string) => {
    expect(explain(code, syscall)).toMatch(words);
  });

  it('is not what any other error is taken for', () => {
    expect(explain('ECONNRESET')).toBeUndefined();
    expect(explain('EACCES', 'open')).toBeUndefined();
    expect(explainListenFault(new TypeError('x'), { host: 'h', port: 1 })).toBeUndefined();
  });
});

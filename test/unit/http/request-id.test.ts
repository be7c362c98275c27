import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { requestIdOf } from '../../../shared/http/request-id.ts';

const request = (id?: string): IncomingMessage =>
  ({ headers: id === undefined ? {} : { 'x-request-id': id } }) as unknown as IncomingMessage;

describe('the id of a request', () => {
  it('is the caller’s when it is safe to log', () => {
    expect(requestIdOf(request('abc-1.2:3_4'))).toBe('abc-1.2:3_4');
  });

  it.each([undefined, '', 'a b', 'a\nb', '"', 'x'.repeat(129), 'ü'])('is a new one in place of %j', (id) => {
    expect(requestIdOf(request(id))).toMatch(/^[0-9a-f-]{36}$/);
    expect(requestIdOf(request(id))).not.toBe(requestIdOf(request(id)));
  });

  it('is the same for whoever asks again', () => {
    const nameless = request();
    expect(requestIdOf(nameless)).toBe(requestIdOf(nameless));
  });
});

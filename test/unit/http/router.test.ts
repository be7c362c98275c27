import { describe, expect, it } from 'vitest';
import { HttpError } from '../../../shared/http/error-response.ts';
import { createRouter, decodePath, type Route } from '../../../shared/http/router.ts';

const routes: readonly Route<string>[] = [
  { method: 'GET', path: '/', handler: 'home' },
  { method: 'GET', path: '/v1/models', handler: 'list' },
  { method: 'GET', path: '/v1/models/:id*', handler: 'get' },
  { method: 'POST', path: '/v1/documents', handler: 'ingest' },
  { method: 'GET', path: '/v1/documents/:id', handler: 'status' },
  { method: 'DELETE', path: '/v1/documents/:id', handler: 'remove' },
  { method: 'POST', path: '/v1/vector_stores/:collection/search', handler: 'search' },
  { method: 'GET', path: '/openapi.json', handler: 'openapi' },
];
const router = createRouter(routes);

function find(method: string, path: string): [string, Readonly<Record<string, string>>] {
  const { route, params } = router(method, path);
  return [route.handler, params];
}

function refusal(method: string, path: string): unknown {
  try {
    return router(method, path);
  } catch (error) {
    return error;
  }
}

describe('router', () => {
  it('finds a route by method and path', () => {
    expect(find('GET', '/')).toEqual(['home', {}]);
    expect(find('GET', '/v1/models')).toEqual(['list', {}]);
    expect(find('POST', '/v1/documents')).toEqual(['ingest', {}]);
  });

  it('answers HEAD with the route for GET', () => {
    expect(find('HEAD', '/v1/models')).toEqual(['list', {}]);
    expect(find('HEAD', '/v1/models/a')).toEqual(['get', { id: 'a' }]);
  });

  it('gives a parameter one segment, and the rest of the path with a star', () => {
    expect(find('GET', '/v1/models/openai/gpt-4o')).toEqual(['get', { id: 'openai/gpt-4o' }]);
    expect(find('POST', '/v1/vector_stores/notes/search')).toEqual(['search', { collection: 'notes' }]);
    expect(refusal('GET', '/v1/documents/a/b')).toMatchObject({ code: 'not_found' });
    expect(refusal('GET', '/v1/documents/')).toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['/documents', '/v1/documents'],
    ['/models/openai/gpt-4o', '/v1/models/openai/gpt-4o'],
    ['//v1/models', '/v1/models'],
    ['/v1/v1/documents', '/v1/documents'],
    ['/v1//documents', '/v1/documents'],
  ])('says for %s which route there is', (path, other) => {
    expect(refusal('POST', path)).toMatchObject({ code: 'not_found', message: expect.stringContaining(` ${other}:`) });
  });

  it('names no other route for a path that is near none', () => {
    expect(refusal('POST', '/v2/chat')).toMatchObject({ message: 'There is no route POST /v2/chat.' });
  });

  it('decodes parameters once and after the path was split', () => {
    expect(find('GET', '/v1/documents/a%2Fb%2520c')).toEqual(['status', { id: 'a/b%20c' }]);
    expect(find('GET', '/v1/documents/%C3%BC%F0%9F%8C%8D')).toEqual(['status', { id: 'ü🌍' }]);
  });

  it.each(['%', '%zz', '%C3', 'a%2'])('refuses the percent sign of %s', (id) => {
    expect(refusal('GET', `/v1/documents/${id}`)).toMatchObject({ code: 'invalid_request' });
    expect(() => decodePath(id)).toThrowError(/percent sign/);
  });

  it('does not take the text of a pattern for a path', () => {
    expect(find('GET', '/v1/documents/:id')).toEqual(['status', { id: ':id' }]);
    expect(find('GET', '/v1/models/:id*')).toEqual(['get', { id: ':id*' }]);
  });

  it('reads the dots of a path as dots', () => {
    expect(find('GET', '/openapi.json')).toEqual(['openapi', {}]);
    expect(refusal('GET', '/openapi-json')).toMatchObject({ code: 'not_found' });
    const dotted = createRouter([{ method: 'GET', path: '/a.b/:x', handler: 'dotted' }]);
    expect(() => dotted('GET', '/aXb/1')).toThrowError(/no route/);
  });

  it.each([
    ['DELETE', '/v1/models', 'GET'],
    ['POST', '/v1/models/x/y', 'GET'],
    ['GET', '/v1/documents', 'POST'],
    ['HEAD', '/v1/documents', 'POST'],
    ['PUT', '/v1/documents/1', 'GET, DELETE'],
    ['OPTIONS', '/v1/documents/1', 'GET, DELETE'],
    ['PROPFIND', '/', 'GET'],
  ])('refuses %s %s and allows %s', (method, path, allow) => {
    const error = refusal(method, path);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 405, code: 'invalid_request', headers: { allow } });
    expect((error as HttpError).message).toContain(allow);
  });

  it.each(['/v1', '/v2/models', '//v1/models', '/v1/models?', '/__proto__', '/constructor', ''])(
    'knows no route %s',
    (path) => {
      expect(refusal('GET', path)).toMatchObject({ code: 'not_found' });
    },
  );

  it('repeats no more of a path than is needed to recognise it', () => {
    expect((refusal('GET', `/${'x'.repeat(5000)}`) as Error).message.length).toBeLessThan(200);
  });
});

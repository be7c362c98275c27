import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatewayRoutes } from '../../../functions/gateway/routes.ts';
import { healthRoutes } from '../../../functions/health-routes.ts';
import { type AppServer, startAppServer } from '../../support/app-server.ts';

describe('the OpenAPI document', () => {
  let server: AppServer;
  let text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an OpenAPI document
  let document: any;
  beforeAll(async () => {
    server = await startAppServer({});
    const response = await fetch(`${server.url}/openapi.json`);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    text = await response.text();
    document = JSON.parse(text);
  });
  afterAll(() => server.close());

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('has every route of the router, and no other (they are described in shared/http/openapi/operations.ts)', () => {
    const routed = [...healthRoutes(server.app, 'gateway'), ...gatewayRoutes(server.app)].map(
      ({ method, path }) => `${method} ${path.replace(/:([a-z_]+)\*?/g, '{$1}')}`,
    );
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(routed.sort());
  });

  it('gives each operation a name of its own, and every route that takes a body its schema', () => {
    const operations = Object.values(document.paths).flatMap((item) => Object.entries(item as object));
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const bodiless = operations.filter(([method, { requestBody }]) => method === 'post' && !requestBody);
    expect(bodiless.map(([, { operationId }]) => operationId)).toEqual(['retryDocument']);
  });

  it('refers to nothing that is not in it, and has no schema that nothing refers to', () => {
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference));
    const named = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...references].sort()).toEqual(named.sort());
  });

  it('says what streams, and in which form errors come', () => {
    const chat = document.paths['/v1/chat/completions'].post.responses;
    expect(Object.keys(chat['200'].content)).toEqual(['application/json', 'text/event-stream']);
    expect(chat['401'].content['application/json'].schema.$ref).toMatch(/\/Error$/);
    const messages = document.paths['/v1/messages'].post.responses;
    expect(messages['401'].content['application/json'].schema.$ref).toMatch(/\/AnthropicError$/);
  });

  it('describes requests by the rules that check them', () => {
    const { SearchRequest, CreateChatCompletionRequest, Filter } = document.components.schemas;
    expect(SearchRequest).toMatchObject({ required: ['query'], additionalProperties: false });
    expect(SearchRequest.properties.top_k).toMatchObject({ type: 'integer', minimum: 1, maximum: 1000 });
    expect(CreateChatCompletionRequest.required).toEqual(['model', 'messages']);
    expect(CreateChatCompletionRequest.properties.prediction).toEqual({ type: ['object', 'null'] });
    expect(JSON.stringify(Filter)).toContain('"exists"');
  });
});

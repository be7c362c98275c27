import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fuzz } from '../../../scripts/fuzz/run.ts';
import { startAppServer } from '../../support/app-server.ts';

const KEY = 'a-key-of-the-file-1';

describe('requests made from the OpenAPI document', () => {
  it('are answered as it says, right and wrong ones, and so are bytes that are no HTTP', async () => {
    const server = await startAppServer({});
    onTestFinished(server.close);
    const { sent, faults, statuses } = await fuzz({ url: server.url, runs: 30, seed: 20_261_128 });
    expect(faults).toEqual([]);
    expect(sent).toBeGreaterThan(500);
    for (const operation of ['POST /v1/chat/completions', 'POST /v1/documents', 'POST /v1/search', 'GET /v1/usage']) {
      expect(statuses.get(operation)?.get(200)).toBeGreaterThan(0);
    }
    expect(statuses.get('POST /v1/chat/completions')?.get(400)).toBeGreaterThan(0);
    expect(server.logged.filter(({ severity }) => severity === 'ERROR')).toEqual([]);
  });

  it('are refused alike, whatever they are, when nobody sends a key', async () => {
    const server = await startAppServer({
      yaml: `
agents: [{name: default, provider: local, model: extractive}]
limits: {client: {requests_per_second: 1000, burst: 100000}}
auth: {keys: [{name: k, key: ${KEY}}]}`,
    });
    onTestFinished(server.close);
    const { faults, statuses } = await fuzz({ url: server.url, runs: 5, seed: 5 });
    expect(faults).toEqual([]);
    for (const [operation, counts] of statuses) {
      if (operation.includes('/v1/')) expect([...counts.keys()].filter((status) => status < 400)).toEqual([]);
    }
  });
});

describe('the fuzzer', () => {
  const DOCUMENT = {
    paths: {
      '/thing': {
        post: {
          operationId: 'makeThing',
          requestBody: {
            content: { 'application/json': { schema: { type: 'object', properties: { a: { type: 'integer' } } } } },
          },
          responses: {
            200: { content: { 'application/json': { schema: { type: 'object', required: ['ok'] } } } },
            400: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
          },
        },
      },
    },
    components: { schemas: { Error: { type: 'object', required: ['error'] } } },
  };

  /** A service that answers everything but its document in one way. */
  async function serve(answer: (server: Server) => { status: number; body: string; type?: string; id?: string }) {
    const server = createServer((request, response) => {
      request.resume();
      if (request.url === '/openapi.json') response.end(JSON.stringify(DOCUMENT));
      else if (request.url === '/health') response.end('{}');
      else {
        const { status, body, type = 'application/json', id = 'x' } = answer(server);
        response.writeHead(status, { 'content-type': type, ...(id === '' ? {} : { 'x-request-id': id }) }).end(body);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it.each([
    ['a status that is not documented', { status: 418, body: '{"error": {}}' }, /418 is not documented/],
    ['a fault of its own', { status: 500, body: '{"error": {}}' }, /a fault of its own/],
    ['an error without its body', { status: 400, body: '{"oops": 1}' }, /not as documented/],
    ['an answer without what it must have', { status: 200, body: '{}' }, /not as documented/],
    ['a page', { status: 200, body: '<html>', type: 'text/html' }, /media type text\/html/],
    ['no id', { status: 200, body: '{"ok": 1}', id: '' }, /x-request-id/],
    [
      'a documented member that is refused',
      { status: 400, body: '{"error": "Unrecognized request argument: a."}' },
      /not known/,
    ],
  ])('notices %s', async (_, answer, fault) => {
    const { faults } = await fuzz({ url: await serve(() => answer), runs: 30, seed: 1 });
    expect(faults.filter(({ operation }) => operation !== 'bytes').map((found) => found.fault)).toContainEqual(
      expect.stringMatching(fault),
    );
  });

  it('notices that Node’s own answers to bytes have no error body, and finds nothing else in a right service', async () => {
    const url = await serve(() => ({ status: 200, body: '{"ok": true}' }));
    const { faults } = await fuzz({ url, runs: 20, seed: 1 });
    expect(new Set(faults.map(({ operation }) => operation))).toEqual(new Set(['bytes']));
  });
});

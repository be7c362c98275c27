import { type IncomingMessage, request as openRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { hostCheckOf } from '../../../functions/register.ts';
import type { Environment } from '../../../shared/config/environment.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { attachFrontDoor } from '../../../shared/http/front-door.ts';
import { createHttpFunction } from '../../../shared/http/http-function.ts';

const ON_CLOUD_RUN = { K_SERVICE: 'chat', GOOGLE_CLOUD_PROJECT: 'p' };
const KEYS = 'auth: { keys: [{ name: k, key: sixteen-letters-x }] }';

/** What a page does whose name leads to this machine: its requests go here, with that name. */
describe('a request with a foreign host', () => {
  let server: Server | undefined;

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  });

  async function ask(
    yaml: string,
    host: string,
    { method = 'POST', environment = {} }: { method?: string; environment?: Environment } = {},
  ): Promise<{ status: number | undefined; body: { error?: Record<string, unknown> } }> {
    const { config } = parseConfig(`agents: [{ name: a, model: local }]\n${yaml}`, { environment });
    const handler = () => ({ json: {} });
    const handle = createHttpFunction({
      routes: [
        { method: 'POST', path: '/echo', handler },
        { method: 'GET', path: '/echo', handler },
      ],
    });
    http('foreign-host-test', handle);
    server = getTestServer('foreign-host-test');
    attachFrontDoor(server, { maxBodyBytes: () => 1000, ...hostCheckOf(config), handle });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = openRequest({ port, host: '127.0.0.1', method, path: '/echo', headers: { host } }, resolve);
      request.once('error', reject);
      request.end(method === 'POST' ? '{}' : undefined);
    });
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return { status: response.statusCode, body: JSON.parse(Buffer.concat(parts).toString()) };
  }

  it.each(['POST', 'GET'])('is refused where everybody is let in, %s, and told the cure', async (method) => {
    const { status, body } = await ask('playground: true', 'attacker.example:8080', { method });
    expect(status).toBe(403);
    expect(body.error).toMatchObject({ type: 'permission_error', code: 'permission', param: null });
    expect(body.error?.message).toMatch(/auth\.hosts.*auth\.mode: api_key/);
    expect(body.error?.message).not.toContain('attacker');
  });

  it.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080'])('is none when it is %s', async (host) => {
    expect((await ask('playground: true', host)).status).toBe(200);
  });

  it.each([
    ['the name is written in auth.hosts', 'auth: { hosts: [box.example.com] }', {}],
    ['a key is asked for', KEYS, {}],
    ['the service is on Cloud Run', 'auth: { mode: none }', ON_CLOUD_RUN],
  ])('is taken where %s', async (_, yaml, environment) => {
    expect((await ask(yaml, 'box.example.com', { environment })).status).toBe(200);
  });

  it('is refused on Cloud Run too where the names are written', async () => {
    const yaml = 'auth: { mode: none, hosts: [box.example.com] }';
    expect((await ask(yaml, 'other.example.com', { environment: ON_CLOUD_RUN })).status).toBe(403);
  });
});

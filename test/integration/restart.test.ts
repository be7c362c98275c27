import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAppServer } from '../support/app-server.ts';
import { post } from '../support/post.ts';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';

describe('a service whose passages are kept in a file, after a restart', () => {
  let directory: string;
  let upstream: ScriptedServer;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-restart-'));
    upstream = await createScriptedServer((request) => {
      const { input } = request.json() as { input: string[] };
      const data = input.map((text, index) => ({ index, embedding: [text.length, 1] }));
      return { body: { data, usage: { prompt_tokens: 1, total_tokens: 1 } } };
    });
  });
  afterAll(async () => {
    await upstream.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('knows what became of each document, embeds nothing again, and forgets what is removed', async () => {
    const yaml = `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings: {provider: openai, openai: {api_key: k, model: text-embedding-3-small, dimensions: 2, endpoint: "${upstream.origin}/v1"}}
vectorstore: {provider: memory, embedding_dimensions: 2, memory: {file: "${join(directory, 'vectors.bin')}"}}
ingestion: {chunk_size: 40, chunk_overlap: 0}
`;
    const document = {
      id: 'guide',
      text: 'The first paragraph of two is here.\n\nThe second paragraph is over there.',
      collection: 'notes',
    };
    const path = '/v1/documents/guide?collection=notes';
    const read = async (url: string) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const first = await startAppServer({ yaml });
    expect(await post(`${first.url}/v1/documents`, document)).toMatchObject({ status: 200 });
    const before = await read(first.url);
    expect(before).toMatchObject({ status: 200, body: { status: 'ready', chunks: 2 } });
    await first.close();

    const asked = upstream.requests.length;
    const second = await startAppServer({ yaml });
    expect(await read(second.url)).toEqual({
      status: 200,
      body: { object: 'document', id: 'guide', status: 'ready', chunks: 2, updated_at: expect.any(String) },
    });
    expect((await fetch(`${second.url}/v1/documents/guide`)).status).toBe(404);
    expect(await post(`${second.url}/v1/documents`, document)).toMatchObject({
      status: 200,
      body: { data: [{ status: 'ready', chunks: 2, embedded: 0, skipped: 2, tokens: 0 }] },
    });
    expect(upstream.requests).toHaveLength(asked);
    expect((await fetch(`${second.url}${path}`, { method: 'DELETE' })).status).toBe(200);
    expect((await read(second.url)).status).toBe(404);
    await second.close();
  });
});

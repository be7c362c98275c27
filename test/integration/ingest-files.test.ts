import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, ROOT } from '../../scripts/build.ts';
import { type FunctionProcess, startFunction } from '../../scripts/dev-firestore/function-process.ts';
import { AppError } from '../../shared/contracts/app-error.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createDocx, createPdf, docxParagraph } from '../support/office-files.ts';
import { createScriptedServer } from '../support/scripted-server.ts';

const PDF = 'application/pdf';
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

const post = async (url: string, body: unknown) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const file = (id: string, content: Uint8Array, contentType?: string) => ({
  id,
  content_base64: Buffer.from(content).toString('base64'),
  ...(contentType === undefined ? {} : { content_type: contentType }),
});

const handbook = createPdf([['Everybody has thirty days of holiday.'], ['Bicycles are parked in the yard.']], {
  title: 'Handbook',
});
const locked = createPdf([['secret']], { isEncrypted: true });

describe('files sent to the built function', () => {
  let directory: string;
  let gateway: FunctionProcess;

  beforeAll(async () => {
    directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-test-'));
    await build(['gateway'], directory);
    const environment = { PATH: process.env.PATH ?? '', METADATA_SERVER_DETECTION: 'none' };
    gateway = await startFunction({ directory, name: 'gateway', port: 0, environment });
  });

  afterAll(async () => {
    await gateway.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('are found, a PDF by its page', async () => {
    const letter = createDocx(docxParagraph('Post', 'Heading1') + docxParagraph('Letters are collected at noon.'));
    const documents = [file('handbook', handbook, PDF), file('letter', letter, DOCX), file('guessed', handbook)];
    const { status, body } = await post(`${gateway.url}/v1/documents`, { documents });
    expect([status, body]).toMatchObject([
      200,
      { data: [{ status: 'ready' }, { status: 'ready' }, { status: 'ready' }] },
    ]);
    const search = async (query: string) => (await post(`${gateway.url}/v1/search`, { query, top_k: 1 })).body;
    expect(await search('bicycles in the yard')).toMatchObject({
      data: [
        { content: expect.stringContaining('Bicycles'), metadata: { title: 'Handbook', page: expect.any(Number) } },
      ],
    });
    expect(await search('letters at noon')).toMatchObject({
      data: [{ document_id: 'letter', metadata: { headings: 'Post' } }],
    });
  });

  it('that cannot be read are refused by name, and keep no other back', async () => {
    const single = await post(`${gateway.url}/v1/documents`, file('locked.pdf', locked, PDF));
    expect(single).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(/"locked\.pdf".*encrypted/), param: 'content' } },
    });
    const documents = [
      file('locked.pdf', locked, PDF),
      file('broken.docx', Buffer.from('x'), DOCX),
      file('fine', handbook),
    ];
    const { status, body } = await post(`${gateway.url}/v1/documents`, { documents });
    expect([status, body]).toMatchObject([
      207,
      {
        data: [
          { id: 'locked.pdf', status: 'failed', error: { code: 'invalid_request' } },
          { id: 'broken.docx', status: 'failed', error: { code: 'invalid_request' } },
          { id: 'fine', status: 'ready' },
        ],
      },
    ]);
    const state = await fetch(`${gateway.url}/v1/documents/locked.pdf`);
    expect(await state.json()).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('encrypted') },
    });
  });
});

describe('a document of a service that is not set up right', () => {
  let server: AppServer;

  beforeAll(async () => {
    server = await startAppServer({
      yaml: `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
vectorstore: {provider: memory, embedding_dimensions: 16}
embeddings: {provider: openai, openai: {model: text-embedding-3-small, dimensions: 16, api_key: secret://embedding-key}}
`,
      secrets: {
        id: 'test',
        get: async () => {
          throw new AppError(
            'configuration',
            'The secret embedding-key is missing: gcloud secrets create embedding-key',
          );
        },
        close: async () => {},
      },
    });
  });

  afterAll(() => server.close());

  it('fails without telling the caller what the operator has to mend', async () => {
    const neutral = { code: 'configuration', message: 'The service is not configured correctly.' };
    const sent = await post(`${server.url}/v1/documents`, { id: 'a', text: 'Some text.' });
    expect(sent).toMatchObject({ status: 500, body: { error: neutral } });
    expect(JSON.stringify(server.logged)).toContain('gcloud secrets create embedding-key');
    const state = await (await fetch(`${server.url}/v1/documents/a`)).json();
    expect(state).toMatchObject({ status: 'failed', error: neutral });
    expect(JSON.stringify([sent, state])).not.toContain('gcloud');
  });

  it('cannot be tried again when it was sent and not written', async () => {
    expect(await post(`${server.url}/v1/documents/a/retry`, {})).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringContaining('POST /v1/documents') } },
    });
  });
});

describe('a document that another attempt may help', () => {
  it('is answered with when that is, as a header and for each document', async () => {
    const upstream = await createScriptedServer(() => ({ status: 429, headers: { 'retry-after': '7' }, body: {} }));
    const server = await startAppServer({
      yaml: `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
vectorstore: {provider: memory, embedding_dimensions: 16}
embeddings:
  provider: openai
  openai: {model: text-embedding-3-small, dimensions: 16, api_key: k, endpoint: "${upstream.origin}/v1"}
  retry: {max_attempts: 1}
`,
    });
    const response = await fetch(`${server.url}/v1/documents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ documents: [{ id: 'a', text: 'Some text.' }] }),
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([207, '7']);
    expect(await response.json()).toMatchObject({
      data: [{ id: 'a', status: 'failed', error: { code: 'rate_limit', retry_after: 7 } }],
    });
    await server.close();
    await upstream.close();
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Firestore } from '@google-cloud/firestore';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectFiles } from '../../scripts/ingest/collect-files.ts';
import type { FileResult, Summary } from '../../scripts/ingest/report.ts';
import { sendFiles } from '../../scripts/ingest/send-files.ts';
import { runProgram } from '../../scripts/sluice/run-program.ts';
import type { Terminal } from '../../scripts/sluice/terminal.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createDocx, createPdf, docxParagraph } from '../support/office-files.ts';
import { createScriptedServer } from '../support/scripted-server.ts';
import { describeWithFirestore } from '../support/services.ts';

const { signal } = new AbortController();

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-ingest-'));
  const files: Record<string, string | Uint8Array> = {
    'docs/guide.md': '# The guide\n\nBicycles are parked in the yard.',
    'docs/deep/er/note.TXT': 'Letters are collected at noon.',
    'docs/page.html': '<title>Page</title><p>The canteen opens at eleven.',
    'docs/handbook.pdf': createPdf([['Thirty days of holiday.'], ['Sick notes go to people.']]),
    'docs/letter.docx': createDocx(docxParagraph('The lift is out of order.')),
    'docs/picture.png': 'no document',
    'docs/.hidden.md': 'hidden',
    'docs/node_modules/a.md': 'not ours',
    'bad/locked.pdf': createPdf([['x']], { isEncrypted: true }),
    'bad/empty.txt': ' \n',
    'bad/fine.md': 'Fine all the same.',
    'bad/latin.txt': Buffer.from('gr\xfc\xdfe', 'latin1'),
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), content);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The command in this process, with its files in `directory` and no terminal. */
const runIngest = async (args: readonly string[], environment: Record<string, string> = {}) => {
  const [output, errors] = [new PassThrough(), new PassThrough()];
  const terminal = { input: new PassThrough(), output, errors } as unknown as Terminal;
  const exitCode = await runProgram(['ingest', ...args], { environment, terminal, directory, signal });
  return { exitCode, output: String(output.read() ?? ''), errors: String(errors.read() ?? '') };
};

const run = async (args: readonly string[], environment: Record<string, string> = {}) => {
  const { exitCode, output } = await runIngest([...args, '--json'], environment);
  return { exitCode, ...(JSON.parse(output) as Summary) };
};

describe('the command that ingests files', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer();
  });
  afterAll(() => server.close());

  const search = async (query: string, collection = 'default') => {
    const response = await fetch(`${server.url}/v1/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, collection, top_k: 1 }),
    });
    return ((await response.json()) as { data: { document_id: string; metadata: Record<string, unknown> }[] }).data[0];
  };

  it('sends folders with all they hold, so that it is found, and costs nothing when it is run again', async () => {
    const first = await run(['docs', '--url', server.url]);
    expect(first).toMatchObject({ exitCode: 0, files: 5, ready: 5, failed: 0, embedded: first.chunks, failures: [] });
    expect(await search('bicycles in the yard')).toMatchObject({
      document_id: 'docs~guide.md',
      metadata: { title: 'The guide', source: 'docs/guide.md' },
    });
    expect(await search('letters at noon')).toMatchObject({ document_id: 'docs~deep~er~note.TXT' });
    expect(await search('canteen opens')).toMatchObject({ document_id: 'docs~page.html', metadata: { title: 'Page' } });
    expect(await search('the lift')).toMatchObject({ document_id: 'docs~letter.docx' });
    expect(await search('sick notes')).toMatchObject({ document_id: 'docs~handbook.pdf' });

    await writeFile(join(directory, 'docs/guide.md'), '# The guide\n\nBicycles are parked in the cellar.');
    expect(await run(['docs', '--url', server.url])).toMatchObject({
      exitCode: 0,
      ready: 1,
      unchanged: 4,
      embedded: 1,
    });
  });

  it('says what failed, sends the rest, and ends with 1', async () => {
    const result = await run(['bad', 'nowhere', 'docs/picture.png', '--url', server.url]);
    expect(result).toMatchObject({ exitCode: 1, files: 6, ready: 1, failed: 5 });
    const messages = Object.fromEntries(result.failures.map(({ path, message }) => [path, message]));
    expect(messages).toEqual({
      nowhere: expect.stringContaining('no such file'),
      'docs/picture.png': expect.stringContaining('.docx'),
      'bad/empty.txt': expect.stringContaining('empty'),
      'bad/latin.txt': expect.stringContaining('charset'),
      'bad/locked.pdf': expect.stringContaining('encrypted'),
    });
    const { output } = await runIngest(['bad', '--url', server.url]);
    expect(output).toContain('failed  bad/locked.pdf: ');
    expect(output).toMatch(/4 files in .* s: 1 unchanged, 3 failed/);
  });

  it('says how many files of other kinds it left out', async () => {
    const kinds = join(directory, 'kinds');
    for (const name of ['a.md', 'b.PNG', 'deep/c.png', 'deep/d.csv', 'Makefile', '.hidden']) {
      await mkdir(join(kinds, name, '..'), { recursive: true });
      await writeFile(join(kinds, name), 'The yard is closed.');
    }
    const { output } = await runIngest(['kinds', '--url', server.url]);
    expect(output).toContain('1 file in');
    expect(output).toContain('4 files of other kinds left out: 2 .png, 1 without an ending, 1 .csv\n');
    // Found twice, counted once.
    const { skipped } = await run(['kinds', 'kinds/**', '--url', server.url]);
    expect(skipped).toEqual({ '.png': 2, '.csv': 1, '': 1 });
    expect((await runIngest(['kinds/a.md', '--url', server.url])).output).not.toContain('left out');
  });

  it('puts files where it is told to', async () => {
    expect(
      await run(['docs/page.html', '--collection', 'manuals', '--tenant', 't1', '--url', server.url]),
    ).toMatchObject({
      ready: 1,
    });
    const response = await fetch(`${server.url}/v1/documents/docs~page.html?collection=manuals&tenant=t1`);
    expect(await response.json()).toMatchObject({ status: 'ready' });
  });

  it.each([[[]], [['--unknown']], [['docs', '--url']]])('explains itself when it is called with %j', async (args) => {
    expect(await runIngest(args)).toMatchObject({
      exitCode: 2,
      output: '',
      errors: expect.stringContaining('See sluice ingest --help.'),
    });
  });
});

describe('sending files', () => {
  const send = async (url: string, key?: string) => {
    const results: FileResult[] = [];
    const waits: number[] = [];
    const { files } = await collectFiles(['docs/guide.md', 'docs/page.html'], directory);
    await sendFiles(files, {
      url,
      authorize: async () => (key === undefined ? undefined : `Bearer ${key}`),
      signal,
      onResult: (result) => results.push(result),
      sleep: async (delayMs) => {
        waits.push(delayMs);
      },
    });
    return { results, waits };
  };
  const data = ['docs~guide.md', 'docs~page.html'].map((id) => ({ id, status: 'ready', chunks: 1, embedded: 1 }));

  it('carries the key, and waits as long as the service asks', async () => {
    const server = await createScriptedServer();
    server.reply({ status: 429, headers: { 'retry-after': '7' } }, { status: 503 }, { body: { data } });
    const { results, waits } = await send(`${server.origin}/`, 'secret');
    expect(results.map(({ status }) => status)).toEqual(['ready', 'ready']);
    expect(waits).toEqual([7_000, 1_000]);
    expect(server.requests[0]).toMatchObject({ url: '/v1/documents', headers: { authorization: 'Bearer secret' } });
    await server.close();
  });

  const limited = { code: 'rate_limit', message: 'Limited.', retry_after: 42 };

  it('sends a document again when the service says when, and no other', async () => {
    const server = await createScriptedServer();
    server.reply(
      { status: 207, body: { data: [data[0], { id: 'docs~page.html', status: 'failed', error: limited }] } },
      { body: { data: [data[1]] } },
    );
    const { results, waits } = await send(server.origin);
    expect(results.map(({ status }) => status)).toEqual(['ready', 'ready']);
    expect(waits).toEqual([42_000]);
    expect(
      server.requests.map((request) => (request.json() as { documents: { id: string }[] }).documents),
    ).toMatchObject([[{ id: 'docs~guide.md' }, { id: 'docs~page.html' }], [{ id: 'docs~page.html' }]]);
    await server.close();
  });

  it.each([
    ['again and again', 42, [42_000, 42_000]],
    ['for long', 61, []],
  ])('gives a document up that the service puts off %s', async (_name, seconds, expected) => {
    const error = { ...limited, retry_after: seconds };
    const server = await createScriptedServer({
      status: 207,
      body: { data: [data[0], { id: 'docs~page.html', status: 'failed', error }] },
    });
    const { results, waits } = await send(server.origin);
    expect(results).toMatchObject([{ status: 'ready' }, { status: 'failed', message: 'Limited.' }]);
    expect(waits).toEqual(expected);
    await server.close();
  });

  it.each([
    ['a key is refused', { status: 401, body: { error: { message: 'Bad key.' } } }, 'Bad key.'],
    ['the service is not set up', { status: 500, headers: { 'x-should-retry': 'false' } }, '500'],
  ])('stops at once when %s', async (_name, answer, words) => {
    const server = await createScriptedServer(answer);
    const { results, waits } = await send(server.origin);
    expect(results).toMatchObject([
      { status: 'failed' },
      { status: 'failed', message: expect.stringContaining(words) },
    ]);
    expect(server.requests).toHaveLength(1);
    expect(waits).toEqual([]);
    await server.close();
  });

  it('says nothing of files whose answer had not come when it is stopped', async () => {
    const server = await createScriptedServer({ finish: 'silence' });
    const stop = new AbortController();
    const results: FileResult[] = [];
    const { files } = await collectFiles(['docs'], directory);
    const sent = sendFiles(files, {
      url: server.origin,
      signal: stop.signal,
      onResult: (result) => results.push(result),
    });
    await server.waitForRequest(0);
    stop.abort();
    await expect(sent).rejects.toThrow();
    expect(results).toEqual([]);
    await server.close();
  });

  it('gives up on a service that is not there', async () => {
    const server = await createScriptedServer();
    await server.close();
    const { results, waits } = await send(server.origin);
    expect(results).toMatchObject([{ status: 'failed' }, { message: expect.stringContaining('npm start') }]);
    expect(waits).toHaveLength(5);
  });
});

describeWithFirestore('the command that ingests files, with --firestore', (host) => {
  it('writes documents, and none twice', async () => {
    const project = `demo-${Date.now()}`;
    const args = ['docs', 'bad/locked.pdf', '--firestore', '--project', project, '--collection', 'manuals'];
    const environment = { FIRESTORE_EMULATOR_HOST: host };
    expect(await run(args, environment)).toMatchObject({ exitCode: 1, files: 6, written: 5, failed: 1 });
    expect(await run(args, environment)).toMatchObject({ written: 0, unchanged: 5 });
    const database = new Firestore({ projectId: project });
    expect((await database.doc('documents/docs~page.html').get()).data()).toEqual({
      text: 'The canteen opens at eleven.',
      contentType: 'text/markdown',
      title: 'Page',
      source: 'docs/page.html',
      collection: 'manuals',
      tenant: null,
    });
    await database.terminate();
  });
});

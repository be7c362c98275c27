import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ROOT } from './build.ts';
import { readEvents } from './read-events.ts';
import { serve } from './start.ts';

/** Questions whose answers stand in this repository's own pages. */
const SEARCH = 'How are keys kept out of logs and answers?';
const QUESTION = 'What does the local model do, and when is it chosen?';

interface ListOf<Item> {
  readonly data: readonly Item[];
}

interface Citation {
  readonly index: number;
  readonly document_id: string;
  readonly title?: string;
  readonly score: number;
}

/** Starts a server, puts this repository's Markdown pages into it, searches them and asks about them. */
async function demo(): Promise<void> {
  // The gateway logs into this program's own output, where only what went wrong is of interest.
  process.env.SLUICE_LOG_LEVEL ||= 'WARNING';
  const { server, url } = await timed('start', () => serve({ host: '127.0.0.1', port: 0 }));
  console.log(`Listening on ${url}\n`);
  try {
    await ingest(url);
    await search(url);
    await ask(url);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function ingest(url: string): Promise<void> {
  const files = await markdownFiles();
  const documents = await Promise.all(
    files.map(async (file) => ({
      id: relative(ROOT, file).replaceAll('/', '-'),
      title: relative(ROOT, file),
      source: relative(ROOT, file),
      content_type: 'text/markdown',
      text: await readFile(file, 'utf8'),
    })),
  );
  const first = await timed('ingest', () => post<ListOf<DocumentResult>>(`${url}/v1/documents`, { documents }));
  for (const { id, status, chunks, embedded } of first.data) {
    console.log(`  ${id}: ${status}, ${chunks} chunks, ${embedded} embedded`);
  }
  const failed = first.data.filter(({ status }) => status === 'failed');
  if (failed.length > 0) throw new Error(`${failed.length} documents failed: ${JSON.stringify(failed)}`);
  const again = await timed('ingest the same again', () =>
    post<ListOf<DocumentResult>>(`${url}/v1/documents`, { documents }),
  );
  const embedded = again.data.reduce((sum, document) => sum + document.embedded, 0);
  console.log(`  embedded again: ${embedded}\n`);
  if (embedded !== 0) throw new Error('Unchanged documents were embedded again.');
}

interface DocumentResult {
  readonly id: string;
  readonly status: string;
  readonly chunks: number;
  readonly embedded: number;
}

async function search(url: string): Promise<void> {
  const { data } = await timed(`search "${SEARCH}"`, () =>
    post<ListOf<{ score: number; document_id: string; content: string }>>(`${url}/v1/search`, {
      query: SEARCH,
      top_k: 3,
    }),
  );
  for (const { score, document_id, content } of data) {
    console.log(`  ${score.toFixed(2)}  ${document_id}: ${oneLine(content, 100)}`);
  }
  if (data.length === 0) throw new Error('The search found nothing.');
  console.log();
}

async function ask(url: string): Promise<void> {
  const { data: models } = (await (await fetch(`${url}/v1/models`)).json()) as ListOf<{ id: string }>;
  const startedAt = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: models[0]?.id,
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: QUESTION }],
      sluice: { retrieval: { top_k: 4 } },
    }),
  });
  if (!response.ok || !response.body)
    throw new Error(`The question failed: ${response.status} ${await response.text()}`);
  console.log(`ask "${QUESTION}" (streamed)`);
  process.stdout.write('  ');
  let firstTokenMs: number | undefined;
  let citations: readonly Citation[] = [];
  let answeredBy = '';
  for await (const data of readEvents(response.body)) {
    if (data === '[DONE]') break;
    const chunk = JSON.parse(data) as {
      choices?: { delta: { content?: string | null } }[];
      error?: { message: string };
      sluice?: { provider: string; model: string; citations?: Citation[] };
    };
    if (chunk.error) throw new Error(chunk.error.message);
    const text = chunk.choices?.[0]?.delta.content;
    if (text) {
      firstTokenMs ??= performance.now() - startedAt;
      process.stdout.write(text.replaceAll('\n', '\n  '));
    }
    if (chunk.sluice) {
      citations = chunk.sluice.citations ?? [];
      answeredBy = `${chunk.sluice.provider}/${chunk.sluice.model}`;
    }
  }
  const totalMs = performance.now() - startedAt;
  console.log(
    `\n\n  answered by ${answeredBy}, first token after ${ms(firstTokenMs ?? totalMs)}, all after ${ms(totalMs)}`,
  );
  for (const { index, title, document_id, score } of citations) {
    console.log(`  [${index}] ${score.toFixed(2)}  ${title ?? document_id}`);
  }
  if (citations.length === 0) throw new Error('The answer came without citations.');
}

async function markdownFiles(): Promise<string[]> {
  const entries = await readdir(ROOT, { withFileTypes: true });
  const top = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map(({ name }) => join(ROOT, name));
  const docs = await readdir(join(ROOT, 'docs')).catch(() => []);
  return [...top, ...docs.filter((name) => name.endsWith('.md')).map((name) => join(ROOT, 'docs', name))].sort();
}

async function post<Answer>(url: string, body: unknown): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}

async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await run();
  console.log(`${what} (${ms(performance.now() - startedAt)})`);
  return result;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function oneLine(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

try {
  await demo();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

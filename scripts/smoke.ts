/**
 * Tries a deployment: is it up, does it ingest, search, answer in a stream, and forget again.
 *
 *   npm run smoke -- URL                          one URL for everything: gateway, load balancer, local
 *   npm run smoke -- --outputs dist/outputs.json  what `terraform output -json` has written
 *
 * Keys come from SLUICE_API_KEY. Without one, and with https, an ID token is used: SLUICE_ID_TOKEN, else that of the
 * Google credentials at hand, else `gcloud auth print-identity-token`. `--model NAME` asks another model than `default`.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import type { FunctionName } from '../shared/config/names.ts';
import { createIdTokenSource } from '../shared/security/id-token.ts';
import { exitWithUsage, readCommandLine } from './command-line.ts';

/** Where each function is; the same address several times for a gateway. */
export type Urls = Readonly<Record<FunctionName, string>>;

export interface SmokeResult {
  readonly check: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

export interface SmokeOptions {
  readonly urls: Urls;
  /** The Authorization header for an address; undefined where none is needed. */
  readonly authorize: (url: string) => Promise<string | undefined>;
  readonly model?: string;
  readonly fetch?: typeof fetch;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** A cold start and the first answer of a slow model may take that long. */
const TIMEOUT_MS = 120_000;

/** Runs every check, also after one has failed, and leaves nothing behind. */
export async function smoke({
  urls,
  authorize,
  model = 'default',
  fetch: send = fetch,
  now = () => performance.now(),
}: SmokeOptions): Promise<SmokeResult[]> {
  const results: SmokeResult[] = [];
  const id = `smoke-${randomUUID()}`;
  const fact = `The smoke test ${id.slice(6, 14)} keeps its kettle in the blue cupboard.`;

  const request = async (name: FunctionName, method: string, path: string, body?: unknown): Promise<Response> => {
    const authorization = await authorize(urls[name]);
    const response = await send(`${urls[name]}${path}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(explainStatus(response.status, await response.text()));
    return response;
  };

  const check = async (name: string, run: () => Promise<string>): Promise<void> => {
    const startedAt = now();
    const outcome = await run().then(
      (detail) => ({ ok: true, detail }),
      (error: unknown) => ({ ok: false, detail: explainError(error) }),
    );
    results.push({ check: name, ms: Math.round(now() - startedAt), ...outcome });
  };

  for (const name of Object.keys(urls) as FunctionName[]) {
    await check(`health of ${name}`, async () => {
      const { status } = (await (await request(name, 'GET', '/health')).json()) as { status?: string };
      if (status !== 'ok') throw new Error('It answers, but it is not Sluice. Check the URL.');
      return urls[name];
    });
  }
  await check('ingest', async () => {
    const answer = (await (await request('ingest', 'POST', '/v1/documents', { id, text: fact })).json()) as {
      data?: { status: string; chunks: number; error?: { message: string } }[];
    };
    const [document] = answer.data ?? [];
    if (document?.status !== 'ready') throw new Error(`The document is not stored. ${document?.error?.message ?? ''}`);
    return `${document.chunks} chunk`;
  });
  await check('search', async () => {
    const answer = (await (await request('search', 'POST', '/v1/search', { query: fact, top_k: 3 })).json()) as {
      data?: { document_id: string; score: number }[];
    };
    const found = answer.data?.find(({ document_id }) => document_id === id);
    if (!found) throw new Error('The document is stored, but the search does not find it.');
    return `score ${found.score.toFixed(2)}`;
  });
  await check('chat, streamed', async () => {
    const startedAt = now();
    const response = await request('chat', 'POST', '/v1/chat/completions', {
      model,
      stream: true,
      messages: [{ role: 'user', content: 'Say hello in one word.' }],
    });
    return await readStream(response, () => now() - startedAt);
  });
  await check('delete', async () => {
    await request('ingest', 'DELETE', `/v1/documents/${id}`);
    const answer = (await (await request('search', 'POST', '/v1/search', { query: fact, top_k: 3 })).json()) as {
      data?: { document_id: string }[];
    };
    if (answer.data?.some(({ document_id }) => document_id === id)) throw new Error('It is still found.');
    return 'and no longer found';
  });
  return results;
}

/** Reads a streamed chat to its end. @throws Error when it has no text, holds an error, or just stops. */
async function readStream(response: Response, elapsedMs: () => number): Promise<string> {
  let text = '';
  let firstMs: number | undefined;
  let answeredBy = '';
  let buffered = '';
  for await (const part of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    buffered += part;
    const events = buffered.split('\n\n');
    buffered = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      if (data === '[DONE]') {
        if (text === '') throw new Error('The stream ended without a word.');
        return `first token after ${Math.round(firstMs ?? elapsedMs())} ms, by ${answeredBy || 'nobody named'}`;
      }
      const chunk = JSON.parse(data) as {
        error?: { message: string };
        choices?: { delta?: { content?: string | null } }[];
        sluice?: { provider: string; model: string };
      };
      if (chunk.error) throw new Error(chunk.error.message);
      const content = chunk.choices?.[0]?.delta?.content ?? '';
      if (content !== '') firstMs ??= elapsedMs();
      text += content;
      if (chunk.sluice) answeredBy = `${chunk.sluice.provider}/${chunk.sluice.model}`;
    }
  }
  throw new Error('The stream broke off before [DONE].');
}

function explainStatus(status: number, body: string): string {
  const cure =
    status === 401
      ? 'Give a key with SLUICE_API_KEY, or sign in with gcloud auth login.'
      : status === 403
        ? 'The caller is not let in: add it to `invokers` in the environment’s tfvars and apply, or wait a minute if you just did.'
        : status === 404
          ? 'Is this the URL of Sluice, without a path?'
          : status >= 500
            ? 'The lines of severity ERROR in the function’s log say why.'
            : '';
  return `${status}: ${toMessage(body)} ${cure}`.trim();
}

/** The message of an OpenAI error; of anything else the beginning. */
function toMessage(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: string } };
    if (error?.message) return error.message;
  } catch {
    // Not ours: a page of the platform.
  }
  return body
    .replace(/<[^>]*>|\s+/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 120);
}

function explainError(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError') return `No answer within ${TIMEOUT_MS / 1000} s.`;
  if (error.cause === undefined) return error.message;
  const { code = error.message } = error.cause as { code?: string };
  return `Cannot be reached (${code}). Check the URL, and that it is deployed.`;
}

/** The addresses in what `terraform output -json` writes. @throws Error when they are not there. */
export function urlsFromOutputs(text: string): Urls {
  const outputs = JSON.parse(text) as {
    urls?: { value: Urls };
    edge?: { value: { url: string } | null };
  };
  const edge = outputs.edge?.value?.url;
  if (edge !== undefined) return urlsFromBase(edge);
  if (outputs.urls === undefined) throw new Error('The file is not what `terraform output -json` writes. Apply first.');
  const { chat, embed, ingest, search } = outputs.urls.value;
  return { chat, embed, ingest, search };
}

export function urlsFromBase(base: string): Urls {
  const url = base.replace(/\/+$/, '');
  return { chat: url, embed: url, ingest: url, search: url };
}

/** How to sign in: a key, else an ID token for https, else not at all. */
export function createAuthorize(environment: Environment): SmokeOptions['authorize'] {
  const { SLUICE_API_KEY: key, SLUICE_ID_TOKEN: token } = environment;
  const tokens = createIdTokenSource();
  return async (url) => {
    const given = key || token;
    if (given) return `Bearer ${given}`;
    if (!url.startsWith('https://')) return undefined;
    return `Bearer ${await tokens.get(new URL(url).origin).catch(printIdentityToken)}`;
  };
}

/** The token of the person who is signed in, which Cloud Run takes for any of its services. */
async function printIdentityToken(): Promise<string> {
  try {
    return (await promisify(execFile)('gcloud', ['auth', 'print-identity-token'])).stdout.trim();
  } catch {
    throw new Error('There is no identity to call with: run gcloud auth login, or set SLUICE_API_KEY.');
  }
}

export function toTable(results: readonly SmokeResult[]): string {
  const width = Math.max(...results.map(({ check }) => check.length));
  return results
    .map(
      ({ check, ok, ms, detail }) =>
        `${ok ? 'ok    ' : 'FAILED'}  ${check.padEnd(width)}  ${String(ms).padStart(6)} ms  ${detail}`,
    )
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const USAGE = 'Usage: npm run smoke -- URL | --outputs FILE [--model NAME]';
  const given = readCommandLine(process.argv.slice(2), {
    allowPositionals: true,
    options: { outputs: { type: 'string' }, model: { type: 'string' } },
  });
  if (typeof given === 'string') exitWithUsage(given, USAGE);
  const {
    values,
    positionals: [base],
  } = given;
  if ((base === undefined) === (values.outputs === undefined)) {
    exitWithUsage('Give either the URL of a service or a file with the outputs of Terraform.', USAGE);
  }
  const urls = base === undefined ? urlsFromOutputs(await readFile(values.outputs ?? '', 'utf8')) : urlsFromBase(base);
  const results = await smoke({
    urls,
    authorize: createAuthorize(readEnvironment()),
    ...(values.model === undefined ? {} : { model: values.model }),
  });
  console.log(toTable(results));
  process.exit(results.every(({ ok }) => ok) ? 0 : 1);
}

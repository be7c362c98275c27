import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '../../shared/contracts/app-error.ts';
import { mapConcurrently } from '../../shared/rag/concurrency.ts';
import { sleepFor } from '../../shared/resilience/retry.ts';
import type { InputFile } from './collect-files.ts';
import type { FileResult } from './report.ts';

const FILES_PER_REQUEST = 20;
const BYTES_PER_REQUEST = 8 * 1_048_576;
const REQUESTS_AT_ONCE = 2;
const MAX_ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** Times that a document is sent for which the service says when another attempt may succeed. */
const MAX_ROUNDS = 3;
/** As long as an ingestion that was cut off keeps its document. */
const LONGEST_DOCUMENT_WAIT_MS = 60_000;

export interface SendOptions {
  /** Base URL of the service, without a path. */
  readonly url: string;
  /** The Authorization header, asked for at every request: an ID token does not live as long as a large folder takes. */
  readonly authorize?: () => Promise<string | undefined>;
  readonly collection?: string | undefined;
  readonly tenant?: string | undefined;
  readonly signal: AbortSignal;
  readonly onResult: (result: FileResult) => void;
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
}

/** A document as `POST /v1/documents` takes it. */
type Document = Readonly<Record<string, string>> & { readonly id: string };

interface Piece {
  readonly file: InputFile;
  readonly document: Document;
  readonly bytes: number;
}

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  /** Another attempt may succeed. */
  readonly isPassing: boolean;
  readonly body: unknown;
}

/**
 * Sends files to a running service, several at a time; what it has already is answered with `unchanged`. Rejects when the
 * signal is aborted; files whose answer had not come by then have no result.
 */
export async function sendFiles(files: readonly InputFile[], options: SendOptions): Promise<void> {
  const { onResult, signal } = options;
  const stopped = { message: undefined as string | undefined };

  const send = async (pieces: readonly Piece[]): Promise<void> => {
    if (pieces.length === 0) return;
    if (stopped.message !== undefined) {
      for (const { file } of pieces) onResult(failure(file, stopped.message));
      return;
    }
    try {
      for (const result of await sendPieces(pieces, options)) onResult(result);
    } catch (error) {
      if (signal.aborted) throw error;
      // Every other request would meet the same.
      if (error instanceof AppError) stopped.message = error.message;
      const message = error instanceof Error ? error.message : 'It could not be sent.';
      for (const { file } of pieces) onResult(failure(file, message));
    }
  };

  // Files are read when their turn comes, so that a large folder does not have to fit in memory.
  const groups: InputFile[][] = [];
  for (let start = 0; start < files.length; start += FILES_PER_REQUEST) {
    groups.push(files.slice(start, start + FILES_PER_REQUEST));
  }
  const sendGroup = async (group: readonly InputFile[]): Promise<void> => {
    let pieces: Piece[] = [];
    let bytes = 0;
    for (const file of group) {
      const piece = await toPiece(file, options).catch(() => undefined);
      if (piece === undefined) {
        onResult(failure(file, 'The file cannot be read.'));
        continue;
      }
      if (bytes + piece.bytes > BYTES_PER_REQUEST) {
        await send(pieces);
        pieces = [];
        bytes = 0;
      }
      pieces.push(piece);
      bytes += piece.bytes;
    }
    await send(pieces);
  };
  await mapConcurrently(groups, REQUESTS_AT_ONCE, sendGroup, signal);
}

async function sendPieces(pieces: readonly Piece[], options: SendOptions, round = 1): Promise<FileResult[]> {
  const { status, body } = await post(pieces, options);
  if (status === 200 || status === 207) {
    const results = pieces.map(({ file }) => toResult(file, body));
    const later = pieces.filter(({ file }) => waitOf(file, body) !== undefined);
    if (later.length === 0 || round === MAX_ROUNDS) return results;
    const { sleep = sleepFor, signal } = options;
    const waitMs = Math.max(...later.map(({ file }) => waitOf(file, body) ?? 0));
    await sleep(waitMs, signal);
    const again = await sendPieces(later, options, round + 1).catch((error: unknown) => {
      if (signal.aborted) throw error;
      // What is known of the others stays true.
      return [];
    });
    const outcomes = new Map(again.map((result) => [result.id, result]));
    return results.map((result) => outcomes.get(result.id) ?? result);
  }
  const message = messageOf(body) ?? `The service answered ${status}.`;
  if (status === 401 || status === 403 || status === 404) throw new AppError('permission', message);
  if (pieces.length === 1 || status >= 500) return pieces.map(({ file }) => failure(file, message));
  // One of them is refused, and with it all: each for itself.
  const results: FileResult[] = [];
  for (const piece of pieces) results.push(...(await sendPieces([piece], options)));
  return results;
}

async function post(pieces: readonly Piece[], options: SendOptions): Promise<Answer> {
  const { signal, sleep = sleepFor } = options;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await request(pieces, options);
    if (answer !== undefined && (!answer.isPassing || attempt === MAX_ATTEMPTS)) return answer;
    if (attempt === MAX_ATTEMPTS) {
      throw new AppError(
        'network',
        `Nothing answers at ${options.url}. Start it with npm start, or name it with --url or SLUICE_URL.`,
      );
    }
    const backoffMs = FIRST_WAIT_MS * 2 ** (attempt - 1);
    await sleep(Math.min(answer?.retryAfterMs ?? backoffMs, LONGEST_WAIT_MS), signal);
  }
}

/** Undefined when there was no answer. */
async function request(pieces: readonly Piece[], options: SendOptions): Promise<Answer | undefined> {
  const { url, authorize, tenant, signal } = options;
  const authorization = await authorize?.();
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/v1/documents`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify({
        documents: pieces.map(({ document }) => document),
        ...(tenant === undefined ? {} : { sluice: { tenant } }),
      }),
      signal,
    });
    const { status, headers } = response;
    const seconds = Number(headers.get('retry-after') ?? Number.NaN);
    return {
      status,
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
      isPassing: (status === 429 || status >= 500) && headers.get('x-should-retry') !== 'false',
      body: await response.json().catch(() => undefined),
    };
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

async function toPiece(file: InputFile, { collection }: SendOptions): Promise<Piece> {
  const bytes = await readFile(file.path);
  const text = file.contentType.startsWith('text/') ? decode(bytes) : undefined;
  const title = titleOf(file, text);
  const document = {
    id: file.id,
    source: file.source,
    content_type: file.contentType,
    ...(text === undefined ? { content_base64: bytes.toString('base64') } : { text }),
    ...(title === undefined ? {} : { title }),
    ...(collection === undefined ? {} : { collection }),
  };
  return { file, document, bytes: Math.ceil((bytes.length * 4) / 3) };
}

/** What people call the file; other kinds have titles of their own, which the service finds. */
export function titleOf({ contentType, path }: InputFile, text: string | undefined): string | undefined {
  if (contentType === 'text/plain') return basename(path);
  return contentType === 'text/markdown' ? (/^#\s+(.+?)\s*#*$/m.exec(text ?? '')?.[1] ?? basename(path)) : undefined;
}

/** Undefined for what is not UTF-8: the service says what is wrong with it. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

interface DocumentResult {
  readonly id?: string;
  readonly status?: string;
  readonly chunks?: number;
  readonly embedded?: number;
  readonly tokens?: number;
  readonly cost_usd?: number | null;
  readonly error?: { readonly message?: string; readonly retry_after?: number };
}

function findDocument({ id }: InputFile, body: unknown): DocumentResult | undefined {
  const list = (body as { data?: readonly DocumentResult[] } | undefined)?.data ?? [];
  return list.find((document) => document.id === id);
}

/** Milliseconds after which the service may take a document that it has not taken, if it says so and that is soon. */
function waitOf(file: InputFile, body: unknown): number | undefined {
  const seconds = findDocument(file, body)?.error?.retry_after;
  return typeof seconds === 'number' && seconds * 1000 <= LONGEST_DOCUMENT_WAIT_MS ? seconds * 1000 : undefined;
}

function toResult(file: InputFile, body: unknown): FileResult {
  const found = findDocument(file, body);
  const status = found?.status === 'ready' || found?.status === 'unchanged' ? found.status : 'failed';
  if (status === 'failed') return failure(file, found?.error?.message ?? 'The service did not say what became of it.');
  const { chunks = 0, embedded = 0, tokens = 0, cost_usd: costUsd = 0 } = found ?? {};
  return { path: file.source, id: file.id, status, chunks, embedded, tokens, costUsd };
}

function messageOf(body: unknown): string | undefined {
  return (body as { error?: { message?: string } } | undefined)?.error?.message;
}

export function failure({ source, id }: InputFile, message: string): FileResult {
  return { path: source, id, status: 'failed', message };
}

import { randomBytes } from 'node:crypto';
import { type Citation, type ContextPassage, writeContext } from '../contracts/context-format.ts';
import type { ScoredChunk } from '../contracts/vector-store.ts';
import { estimateTokens } from '../usage/tokens.ts';

export interface Context {
  /** Text of a system message. */
  readonly message: string;
  /** The chunks that fitted, best first. */
  readonly used: readonly ScoredChunk[];
  readonly citations: readonly Citation[];
}

export interface ContextOptions {
  /** Best first. */
  readonly results: readonly ScoredChunk[];
  /** Most tokens the message may take, by estimate, unless its best passage alone takes more. */
  readonly maxTokens: number;
  /** Marks the quotations. */
  readonly token?: string;
  /** Citations carry the text of their passage. */
  readonly withContent?: boolean;
}

/** Unpredictable, and new for each prompt, so that no document can know it. */
export function createPassageToken(): string {
  return randomBytes(9).toString('hex');
}

/**
 * Puts what was found before the model: numbered, quoted as data, the lowest ranks left out first when room is short.
 * The best passage stays in any case: without one the model would be told that nothing was found.
 */
export function buildContext({
  results,
  maxTokens,
  token = createPassageToken(),
  withContent = false,
}: ContextOptions): Context {
  const write = (count: number): string => writeContext(results.slice(0, count).map(toPassage), token);
  // The message grows with its passages, so a binary search finds how many fit.
  let fits = Math.min(1, results.length);
  let exceeds = results.length + 1;
  while (exceeds - fits > 1) {
    const middle = exceeds > results.length ? results.length : (fits + exceeds) >> 1;
    if (estimateTokens(write(middle)) <= maxTokens) fits = middle;
    else exceeds = middle;
  }
  const used = results.slice(0, fits);
  return {
    message: write(fits),
    used,
    citations: used.map((chunk, position) => toCitation(chunk, position, withContent)),
  };
}

function toPassage(chunk: ScoredChunk, position: number): ContextPassage {
  return { index: position + 1, score: chunk.score, content: chunk.content, ...labelsOf(chunk) };
}

function toCitation(chunk: ScoredChunk, position: number, withContent: boolean): Citation {
  const { start, end } = chunk.metadata;
  return {
    index: position + 1,
    id: chunk.id,
    document_id: chunk.documentId,
    score: chunk.score,
    ...labelsOf(chunk),
    ...(typeof start === 'number' ? { start } : {}),
    ...(typeof end === 'number' ? { end } : {}),
    ...(withContent ? { content: chunk.content } : {}),
  };
}

function labelsOf({ metadata: { title, source } }: ScoredChunk): { title?: string; source?: string } {
  return {
    ...(typeof title === 'string' && title !== '' ? { title } : {}),
    ...(typeof source === 'string' && source !== '' ? { source } : {}),
  };
}

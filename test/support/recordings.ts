import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Recorded vendor answers live beside the checkout and are no part of it: whoever reads them does without as well. */
const FOLDER = new URL('../../../shared/data/conformance/', import.meta.url);

/** The files of recordings. */
export const RECORDING_FILES = [
  'anthropic',
  'compatible',
  'gemini',
  'huggingface',
  'ollama',
  'openai',
  'vertex',
  'vllm',
  'xai',
] as const;

/** What an answer means in OpenAI's terms. */
export interface ExpectedAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly tool_calls: readonly { readonly name: string; readonly args: unknown }[];
  readonly finish: string | null;
  /** Counts that must be right; null when the vendor gave none. */
  readonly usage: Readonly<Record<string, number>> | null;
  /** Anything but null and false: the answer is an error. */
  readonly error: unknown;
}

export interface Recording {
  readonly id: string;
  readonly provider: string;
  readonly api: string;
  readonly tags: readonly string[];
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly json: unknown;
    readonly sse: string | null;
  };
  readonly expect: ExpectedAnswer;
}

/** The recordings of `<name>.jsonl`; none when the file is not there. */
export function readRecordings(name: string): Recording[] {
  return readText(`${name}.jsonl`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recording);
}

/** A hand-written stream of `wire-quirks`; undefined when it is not there. */
export function loadQuirk(name: string): string | undefined {
  return readText(`wire-quirks/${name}.sse`) || undefined;
}

/** One of OpenAI's JSON Schemas, e.g. `chat-completion-chunk`; undefined when it is not there. */
export function loadSchema(name: string): Record<string, unknown> | undefined {
  const text = readText(`openai-spec/${name}.schema.json`);
  return text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

function readText(path: string): string {
  try {
    return readFileSync(fileURLToPath(new URL(path, FOLDER)), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ExpectedAnswer, loadQuirk, type Recording } from './recordings.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/providers/', import.meta.url));

/** Files of other kinds of answers: model lists, and Ollama's `/api/generate`. */
const NO_CHAT_ANSWERS: ReadonlySet<string> = new Set([
  'expectations.json',
  'ollama/generated.json',
  'ollama/show.json',
  'ollama/tags.json',
]);

interface Expectation {
  readonly file: string;
  readonly provider: string;
  readonly api: string;
  readonly status?: number;
  readonly expect: Partial<ExpectedAnswer>;
}

/** The project's own vendor answers with what they mean; all of them, streams included. */
export function loadFixtures(): Recording[] {
  const expectations = JSON.parse(readFileSync(`${FIXTURES}expectations.json`, 'utf8')) as Expectation[];
  return expectations.map(({ file, provider, api, status = 200, expect }) => {
    const text = readFileSync(`${FIXTURES}${file}`, 'utf8');
    const isStream = !file.endsWith('.json');
    const contentType = file.endsWith('.ndjson') ? { 'content-type': 'application/x-ndjson' } : {};
    return toRecording({
      id: `${provider}: ${file}`,
      provider,
      api,
      response: {
        status,
        headers: contentType,
        json: isStream ? null : (JSON.parse(text) as unknown),
        sse: isStream ? text : null,
      },
      expect,
    });
  });
}

/** Chat answers among the fixtures' files, whether or not it is written down what they mean. */
export function listFixtureFiles(): string[] {
  return readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.(json|sse|ndjson)$/.test(file) && !NO_CHAT_ANSWERS.has(file))
    .sort();
}

const call = (name: string, args: unknown) => ({ name, args });

const QUIRKS: Readonly<Record<string, Partial<ExpectedAnswer>>> = {
  'comment-keepalives': { text: 'a' },
  'crlf-separators': { text: 'ab' },
  'event-and-id-and-retry-fields': { text: 'a' },
  'multi-line-data': { text: 'a' },
  'no-done': { text: 'a' },
  'no-final-blank-line': { text: 'a' },
  'no-space-after-colon': { text: 'a' },
  'null-delta-fields': { text: 'a' },
  'tool-args-empty-string': { tool_calls: [call('now', {})], finish: 'tool_calls' },
  'tool-call-whole-in-one-chunk-no-index': { tool_calls: [call('f', {})], finish: 'tool_calls' },
  'tool-calls-interleaved-indices': { tool_calls: [call('f', {}), call('g', { x: 1 })], finish: 'tool_calls' },
  'usage-in-last-content-chunk': { text: 'a', usage: { prompt: 1, completion: 1 } },
  'usage-on-every-chunk-cumulative': { text: 'aaa', usage: { prompt: 5, completion: 3 } },
  'utf8-astral-and-line-separators': { text: '日本語 🎉 \u2028\u2029 \u0085 é' },
};

/** The hand-written edge cases of the wire beside the checkout; none when they are not there. */
export function loadQuirks(): Recording[] {
  return Object.entries(QUIRKS).flatMap(([name, expect]) => {
    const sse = loadQuirk(name);
    if (sse === undefined) return [];
    const response = { status: 200, headers: {}, json: null, sse };
    return [toRecording({ id: `quirk: ${name}`, provider: 'quirks', api: 'chat.completions', response, expect })];
  });
}

function toRecording({
  expect,
  ...rest
}: Omit<Recording, 'tags' | 'expect'> & { readonly expect: Partial<ExpectedAnswer> }): Recording {
  const defaults = { text: '', reasoning: '', refusal: '', tool_calls: [], usage: null, error: null };
  return { ...rest, tags: [], expect: { ...defaults, finish: expect.error ? null : 'stop', ...expect } };
}

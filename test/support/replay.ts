import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../shared/contracts/app-error.ts';
import type { ChatCall, ChatProvider } from '../../shared/contracts/chat-provider.ts';
import { createHttpClient, type HttpClient } from '../../shared/security/http-fetch.ts';
import { type ExpectedAnswer, type Recording, readRecordings } from './recordings.ts';
import { type AssembledAnswer, emptyAnswer, readCompletion, readEvents } from './replay-answer.ts';
import { findSchemaProblem } from './replay-schema.ts';
import { createReplayServer, type ReplayMode, type ReplayServer } from './replay-server.ts';

/** `shape` and `schema` are about the form of the answer, the others about what it says. */
const FIELDS = ['text', 'reasoning', 'tools', 'finish', 'usage', 'error', 'shape', 'schema'] as const;
type Field = (typeof FIELDS)[number];

export interface ReplayOptions {
  readonly provider: ChatProvider;
  readonly mode: ReplayMode;
  /** What the adapter needs beside the endpoint, e.g. `project`; or an endpoint path other than the bare origin. */
  readonly call?: Partial<ChatCall> | ((origin: string) => Partial<ChatCall>);
}

export interface ReplayOutcome {
  readonly id: string;
  readonly provider: string;
  readonly mode: ReplayMode;
  readonly answer: AssembledAnswer;
  /** One line per wrong field; a field that is absent is right. */
  readonly wrong: Partial<Record<Field, string>>;
}

/** One server and one client per concurrent replay, made on first use and kept; neither keeps the process alive. */
const idle: { server: ReplayServer; client: HttpClient }[] = [];

/** The recordings of one file; none when it is not beside the checkout. */
export function loadRecordings(name: string): Recording[] {
  return readRecordings(name);
}

/** Replays one recording through an adapter and compares its answer with what the recording expects. */
export async function replay(
  recording: Recording,
  { provider, mode, call = {} }: ReplayOptions,
): Promise<ReplayOutcome> {
  const lane = idle.pop() ?? { server: await createReplayServer(), client: createHttpClient() };
  try {
    lane.server.serve(recording.response, mode);
    const model = recordedModel(recording);
    const answer = await ask(provider, recording.response.sse !== null, {
      request: { model, messages: [{ role: 'user', content: 'Hello' }] },
      model,
      credential: 'replay-key',
      endpoint: lane.server.origin,
      signal: new AbortController().signal,
      fetch: lane.client.fetch,
      ...(typeof call === 'function' ? call(lane.server.origin) : call),
    });
    return { id: recording.id, provider: recording.provider, mode, answer, wrong: compare(answer, recording.expect) };
  } finally {
    idle.push(lane);
  }
}

async function ask(provider: ChatProvider, streamed: boolean, call: ChatCall): Promise<AssembledAnswer> {
  try {
    return streamed ? await readEvents(await provider.stream(call)) : readCompletion(await provider.complete(call));
  } catch (error) {
    const answer = emptyAnswer();
    if (error instanceof AppError) answer.error = error;
    else answer.shape.push(`threw what is not an AppError: ${error instanceof Error ? error.stack : String(error)}`);
    return answer;
  }
}

function recordedModel({ request }: Recording): string {
  const named = request.body?.model ?? /models\/([^/:?]+)/.exec(request.url)?.[1];
  return typeof named === 'string' ? named : 'recorded-model';
}

function compare(answer: AssembledAnswer, expected: ExpectedAnswer): ReplayOutcome['wrong'] {
  const wrong: ReplayOutcome['wrong'] = {};
  const differ = (field: Field, got: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(got, wanted)) wrong[field] = `${brief(got)} instead of ${brief(wanted)}`;
  };
  differ('text', answer.text, expected.text);
  // The recordings know two of the places where vendors put thinking; more of it than they expect is not wrong.
  if (expected.reasoning !== '') differ('reasoning', answer.reasoning, expected.reasoning);
  differ(
    'tools',
    answer.tool_calls.map(({ name, args }) => ({ name, args })),
    expected.tool_calls,
  );
  if (expected.refusal) differ('text', answer.refusal || answer.text, expected.refusal);
  compareEnd(answer, expected, differ);
  if (expected.usage && !expected.error && !answer.error) {
    const got: Record<string, number> = { ...answer.usage };
    differ('usage', Object.fromEntries(Object.keys(expected.usage).map((key) => [key, got[key]])), expected.usage);
  }
  if (answer.shape.length > 0) wrong.shape = answer.shape.join('; ');
  const schemaProblem = findSchemaProblem(answer.bodies);
  if (schemaProblem) wrong.schema = schemaProblem;
  return wrong;
}

/**
 * A finish outside OpenAI's four is the vendor's own, and any honest end is right. Without finish and error the upstream
 * ended without saying how: an error and an ordinary end are both right, a tool call's end included.
 */
function compareEnd(
  answer: AssembledAnswer,
  { error, finish }: ExpectedAnswer,
  differ: (field: Field, got: unknown, wanted: unknown) => void,
): void {
  if (error) {
    differ('error', answer.error !== undefined, true);
    return;
  }
  if (finish === null) return;
  differ('error', answer.error?.message, undefined);
  const isOpenAI = ['stop', 'length', 'tool_calls', 'content_filter'].includes(finish);
  if (isOpenAI) differ('finish', answer.finish, finish);
  else if (!['stop', 'length', 'content_filter'].includes(answer.finish ?? '')) differ('finish', answer.finish, finish);
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text;
}

export interface ScoreOptions {
  /** Which recordings to take, e.g. one api of several. Default: all. */
  readonly only?: (recording: Recording) => boolean;
  readonly call?: ReplayOptions['call'];
  /** Where the table goes. Default: standard output; false prints nothing. */
  readonly print?: false | ((line: string) => void);
}

export interface Score {
  readonly recordings: number;
  /** Share of recordings with every field right in every mode, 0 to 1; 1 when there is no recording. */
  readonly share: number;
  /** The replays with something wrong. */
  readonly failures: readonly ReplayOutcome[];
}

/**
 * Replays whole files of recordings, streams in all three modes, and prints a table per provider and field with the
 * ids that fail.
 * @param providerFactory the adapter for a recording; undefined leaves the recording out.
 */
export async function score(
  names: readonly string[],
  providerFactory: (recording: Recording) => ChatProvider | undefined | Promise<ChatProvider | undefined>,
  { only = () => true, call = {}, print = console.log }: ScoreOptions = {},
): Promise<Score> {
  const outcomes: ReplayOutcome[] = [];
  for (const recording of names.flatMap(loadRecordings).filter(only)) {
    const provider = await providerFactory(recording);
    if (!provider) continue;
    const modes: ReplayMode[] = recording.response.sse === null ? ['whole'] : ['whole', 'bytes', 'cut'];
    for (const mode of modes) outcomes.push(await replay(recording, { provider, mode, call }));
  }
  const failures = outcomes.filter(({ wrong }) => Object.keys(wrong).length > 0);
  const ids = new Set(outcomes.map(({ id }) => id));
  const failed = new Set(failures.map(({ id }) => id));
  if (print) for (const line of toTable(outcomes, failures)) print(line);
  return { recordings: ids.size, share: ids.size === 0 ? 1 : 1 - failed.size / ids.size, failures };
}

function toTable(outcomes: readonly ReplayOutcome[], failures: readonly ReplayOutcome[]): string[] {
  const providers = [...new Set(outcomes.map(({ provider }) => provider))].sort();
  const row = (provider: string, all: readonly ReplayOutcome[]): string => {
    const share = (right: (outcome: ReplayOutcome) => boolean) =>
      ((100 * all.filter(right).length) / all.length).toFixed(1).padStart(10);
    const cells = FIELDS.map((field) => share(({ wrong }) => wrong[field] === undefined));
    const overall = share(({ wrong }) => Object.keys(wrong).length === 0);
    return `${provider.padEnd(16)}${String(all.length).padStart(8)}${overall}${cells.join('')}`;
  };
  return [
    `${'provider'.padEnd(16)}${'replays'.padStart(8)}${['all', ...FIELDS].map((name) => name.padStart(10)).join('')}`,
    ...providers.map((provider) =>
      row(
        provider,
        outcomes.filter((outcome) => outcome.provider === provider),
      ),
    ),
    ...(outcomes.length > 0 ? [row('all', outcomes)] : []),
    ...failures.flatMap(({ id, mode, wrong }) =>
      Object.entries(wrong).map(([field, what]) => `${id} (${mode}) ${field}: ${what}`),
    ),
  ];
}

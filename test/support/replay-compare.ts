import { isDeepStrictEqual } from 'node:util';
import type { ExpectedAnswer, Recording } from './recordings.ts';
import type { ClientAnswer } from './replay-client.ts';
import { findSchemaProblem } from './replay-schema.ts';

/** `shape` and `schema` are about the form of the answer, the others about what it says. */
export const FIELDS = ['text', 'tools', 'finish', 'usage', 'error', 'reasoning', 'refusal', 'shape', 'schema'] as const;
export type Field = (typeof FIELDS)[number];

/** One line per wrong field; a field that is absent is right. */
export type WrongFields = Partial<Record<Field, string>>;

const OPENAI_FINISHES: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls', 'content_filter']);
/** What a finish that is the vendor's own may become. */
const HONEST_ENDS: ReadonlySet<unknown> = new Set(['stop', 'length', 'content_filter']);

/** Whether the recording leaves open how it ended: neither with a finish nor with an error. */
export function isOpenEnd({ expect: { finish, error } }: Pick<Recording, 'expect'>): boolean {
  return finish === null && !error;
}

/** Compares an answer with what its recording means in OpenAI's terms. */
export function compareAnswer(answer: ClientAnswer, expected: ExpectedAnswer): WrongFields {
  const wrong: WrongFields = {};
  const differ = (field: Field, got: unknown, wanted: unknown): void => {
    if (!isDeepStrictEqual(got, wanted)) wrong[field] = `${brief(got)} instead of ${brief(wanted)}`;
  };
  // An error before the first byte leaves nothing to compare: the gateway held what had come.
  const isHttpError = answer.status !== 200;
  if (!isHttpError) {
    differ('text', answer.text, expected.text);
    const calls = answer.toolCalls.map(({ name, args }) => ({ name, args }));
    differ('tools', calls, expected.tool_calls);
    if (expected.refusal) differ('refusal', answer.refusal, expected.refusal);
    // The recordings know two of the places where vendors put thinking; more of it than they expect is not wrong.
    if (expected.reasoning) differ('reasoning', answer.reasoning, expected.reasoning);
  }
  compareEnd(answer, expected, differ);
  if (answer.shape.length > 0) wrong.shape = answer.shape.join('; ');
  const schemaProblem = findSchemaProblem(answer.bodies);
  if (schemaProblem) wrong.schema = schemaProblem;
  return wrong;
}

function compareEnd(
  answer: ClientAnswer,
  { error, finish, usage }: ExpectedAnswer,
  differ: (field: Field, got: unknown, wanted: unknown) => void,
): void {
  const failed = answer.error !== undefined;
  if (error) {
    differ('error', failed, true);
    return;
  }
  if (finish === null) return;
  differ('error', failed ? answer.error : null, null);
  if (failed) return;
  if (OPENAI_FINISHES.has(finish) || !HONEST_ENDS.has(answer.finish)) differ('finish', answer.finish, finish);
  if (!usage) return;
  const wanted = { ...usage, total: (usage.prompt ?? 0) + (usage.completion ?? 0) };
  const got = answer.usage ?? {};
  differ('usage', Object.fromEntries(Object.keys(wanted).map((key) => [key, got[key]])), wanted);
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text;
}

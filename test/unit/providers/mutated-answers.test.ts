import { expect, test } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { answerBodies } from '../../support/answered-bodies.ts';
import type { Recording } from '../../support/recordings.ts';
import { loadFixtures } from '../../support/replay-fixtures.ts';
import { findSchemaProblem } from '../../support/replay-schema.ts';

/**
 * What each value is replaced by, as JSON text; undefined leaves it out. Past the everyday kinds: numbers that are none
 * once parsed, an object that cannot be made text, and nesting that overflows whatever walks it.
 */
const JUNK: readonly (string | undefined)[] = [
  ...['null', '""', '0', '-1', '1.5', 'true', '[]', '{}', '"x"', '[null]', '[1]', '["x"]', undefined],
  ...['1e400', '9e15', '"5"', '[[[]]]', '[{}]', '{"toString":1,"length":2}', '{"error":{"message":"no"}}'],
  '['.repeat(10_000) + ']'.repeat(10_000),
];
/** Stands for the junk until the body is text. */
const PLACE = '@junk@';

/** A whole answer, or one event of a stream, with the text of the body around it. */
interface Piece {
  readonly before: string;
  readonly json: unknown;
  readonly after: string;
}

interface Mutation {
  readonly body: string;
  readonly what: string;
}

/** Every JSON value of the body replaced by every piece of junk, one at a time. */
function* mutationsOf(recording: Recording): Generator<Mutation> {
  for (const [event, { before, json, after }] of piecesOf(recording).entries()) {
    for (const path of pathsOf(json)) {
      for (const junk of JUNK) {
        const what = `event ${event}, ${path.join('.')} = ${junk?.slice(0, 40)}`;
        yield { body: before + replace(json, path, junk) + after, what };
      }
    }
  }
}

function piecesOf({ response: { json, sse } }: Recording): Piece[] {
  if (sse === null) return [{ before: '', json, after: '' }];
  const events = sse.matchAll(/^(?:data: ?)?(\{.*\})/gm);
  return [...events].map(({ 0: line, 1: text = '', index }) => {
    const end = index + line.length;
    return { before: sse.slice(0, end - text.length), json: JSON.parse(text), after: sse.slice(end) };
  });
}

function* pathsOf(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    yield [...path, key];
    yield* pathsOf(child, [...path, key]);
  }
}

function replace(json: unknown, path: readonly string[], junk: string | undefined): string {
  const copy = structuredClone(json) as Record<string, unknown>;
  let holder = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[path.at(-1) as string] = junk === undefined ? undefined : PLACE;
  return JSON.stringify(copy).replace(`"${PLACE}"`, () => junk ?? '');
}

const answers = loadFixtures().filter(({ response }) => response.status === 200);

test.each(answers.map((recording) => [recording.id, recording] as const))(
  '%s with a value missing or of another type becomes a valid answer or an AppError',
  async (_id, recording) => {
    const faults: string[] = [];
    for (const { body, what } of mutationsOf(recording)) {
      const bodies = await answerBodies(recording, [Buffer.from(body)]).catch((error: unknown) => {
        if (!(error instanceof AppError)) faults.push(`${what}: ${error}`);
        return [];
      });
      const problem = findSchemaProblem(bodies);
      if (problem !== undefined) faults.push(`${what}: ${problem}`);
    }
    expect(faults).toEqual([]);
  },
);

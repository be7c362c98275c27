import { afterEach, expect, test } from 'vitest';
import { readAnswer } from '../../../scripts/faults/client.ts';
import type { FaultContext } from '../../../scripts/faults/fault.ts';
import type { Reply } from '../../../scripts/faults/fault-upstream.ts';
import { answerRightly, answerStatus, begin, beginning, reset, write } from '../../../scripts/faults/replies.ts';
import { type LegPlan, type Scene, startScene } from '../../../scripts/faults/scene.ts';
import { faultParts } from '../../support/fault-parts.ts';

type Answer = LegPlan['reply'];

const RETRY = 'max_attempts: 3, initial_backoff: 1ms, max_backoff: 50ms';
const TEXT = faultParts.texts.join('');
const FIRST_TEXT = faultParts.texts[0];

const broken: Answer = () => reset;
const emptied: Answer = (context) => (exchange) => {
  begin(exchange, context);
  exchange.response.end();
};
const brokenOff: Answer = (context) => async (exchange) => {
  begin(exchange, context);
  await write(exchange, beginning(context));
  reset(exchange);
};

/** Each request gets the next of these, the last one again and again. */
function inTurn(answers: readonly Answer[]): Answer {
  return (context: FaultContext): Reply => {
    let count = 0;
    return (exchange) => {
      const answer = answers[Math.min(count, answers.length - 1)] as Answer;
      count += 1;
      return answer(context)(exchange);
    };
  };
}

interface Case {
  readonly what: string;
  readonly answers: readonly Answer[];
  /** Requests to the leg and to the next one. */
  readonly whole: readonly [number, number];
  readonly streamed: readonly [number, number];
}

const CASES: readonly Case[] = [
  { what: 'is unavailable once', answers: [answerStatus(503), answerRightly], whole: [2, 0], streamed: [2, 0] },
  { what: 'is unavailable', answers: [answerStatus(503)], whole: [3, 1], streamed: [3, 1] },
  { what: 'breaks two connections', answers: [broken, broken, answerRightly], whole: [3, 0], streamed: [3, 0] },
  { what: 'answers once with nothing', answers: [emptied, answerRightly], whole: [2, 0], streamed: [2, 0] },
  {
    what: 'asks for a wait that is short enough',
    answers: [answerStatus(429, { 'retry-after-ms': '2' }), answerRightly],
    whole: [2, 0],
    streamed: [2, 0],
  },
  {
    what: 'asks for a wait that is too long',
    answers: [answerStatus(429, { 'retry-after': '60' }), answerRightly],
    whole: [1, 1],
    streamed: [1, 1],
  },
  { what: 'refuses the key', answers: [answerStatus(401), answerRightly], whole: [1, 1], streamed: [1, 1] },
  { what: 'does not know the model', answers: [answerStatus(404), answerRightly], whole: [1, 1], streamed: [1, 1] },
  { what: 'refuses the request', answers: [answerStatus(400), answerRightly], whole: [1, 0], streamed: [1, 0] },
  {
    what: 'breaks off in the middle of its answer',
    answers: [brokenOff, answerRightly],
    whole: [2, 0],
    streamed: [1, 0],
  },
];

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const FORMS = ['whole', 'streamed'] as const;
const VENDORS = ['openai', 'anthropic', 'gemini', 'ollama'] as const;

test.each(VENDORS.flatMap((provider) => CASES.flatMap((row) => FORMS.map((form) => ({ ...row, provider, form })))))(
  'a leg of $provider that $what is asked as often as it is worth ($form)',
  async ({ provider, form, answers, ...row }) => {
    const streamed = form === 'streamed';
    const requests = row[form];
    scene = await startScene(faultParts, {
      streamed,
      retry: RETRY,
      legs: [
        { provider, reply: inTurn(answers) },
        { provider: 'xai', reply: answerRightly },
      ],
    });
    const answer = await scene.ask({ signal: new AbortController().signal });
    const read = readAnswer(answer);
    expect(read.faults).toEqual([]);
    expect(scene.legs.map(({ upstream }) => upstream.requests)).toEqual(requests);
    if (answers[0] === brokenOff && streamed) {
      expect(read).toMatchObject({ text: FIRST_TEXT, done: false, error: { code: 'network' } });
    } else if (requests[1] === 0 && answer.status !== 200) {
      expect(answer.status).toBe(400);
    } else {
      expect(read).toMatchObject({ text: TEXT, done: true });
      expect(read.sluice?.provider).toBe(requests[1] === 1 ? 'xai' : provider);
    }
    await scene.idle();
    await scene.closeApp();
  },
);

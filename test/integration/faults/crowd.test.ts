import { afterEach, expect, test } from 'vitest';
import { readAnswer } from '../../../scripts/faults/client.ts';
import { SHORT } from '../../../scripts/faults/fault.ts';
import { answerRightly, answerStatus, begin, reset } from '../../../scripts/faults/replies.ts';
import { type LegPlan, type Scene, startScene } from '../../../scripts/faults/scene.ts';
import { faultParts } from '../../support/fault-parts.ts';

const CROWD = 200;
const TEXT = faultParts.texts.join('');

const DEAD: readonly (Omit<LegPlan, 'provider'> & { readonly death: string })[] = [
  { death: 'refuses connections', reply: () => reset, refused: true },
  { death: 'breaks them', reply: () => reset },
  {
    death: 'breaks them after its headers',
    reply: (context) => (exchange) => {
      begin(exchange, context);
      exchange.response.flushHeaders();
      reset(exchange);
    },
  },
  { death: 'is unavailable', reply: answerStatus(503) },
  { death: 'limits everybody', reply: answerStatus(429, { 'retry-after': '60' }) },
  { death: 'does not answer', reply: () => () => {}, timeout: SHORT },
];

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const CASES = DEAD.flatMap((leg) => [
  { ...leg, form: 'whole', streamed: false },
  { ...leg, form: 'streamed', streamed: true },
]);

test.each(CASES)(
  'two hundred clients at once get their answer $form from the next leg when the first one $death',
  async ({ streamed, death: _death, form: _form, ...dead }) => {
    scene = await startScene(faultParts, {
      streamed,
      legs: [
        { provider: 'openai', ...dead },
        { provider: 'anthropic', reply: answerRightly },
      ],
    });
    const started = scene;
    const answers = await Promise.all(
      Array.from({ length: CROWD }, () => started.ask({ signal: new AbortController().signal })),
    );
    const read = answers.map(readAnswer);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(read.map(({ text }) => text))).toEqual(new Set([TEXT]));
    expect(read.flatMap(({ faults }) => faults)).toEqual([]);
    expect(read.every(({ done, sluice }) => done && sluice?.provider === 'anthropic')).toBe(true);
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(CROWD);
    // A leg that is known to be down may be left out; the one that is well is asked once per client.
    expect(started.legs[0]?.upstream.requests).toBeLessThanOrEqual(CROWD);
    expect(started.legs[1]?.upstream.requests).toBe(CROWD);
    await started.idle();
    await started.closeApp();
  },
);

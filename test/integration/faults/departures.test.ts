import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ClientAnswer } from '../../../scripts/faults/client.ts';
import { answerRightly, answerStatus, begin, beginning, repeat, write } from '../../../scripts/faults/replies.ts';
import { type LegPlan, type Scene, type ScenePlan, startScene } from '../../../scripts/faults/scene.ts';
import { faultParts } from '../../support/fault-parts.ts';

const VENDORS = ['openai', 'anthropic', 'gemini', 'ollama'] as const;
const FORMS = [
  { form: 'whole', streamed: false },
  { form: 'streamed', streamed: true },
] as const;
const CASES = VENDORS.flatMap((vendor) => FORMS.map(({ form, streamed }) => ({ vendor, form, streamed })));
/** A leg that must never be asked. */
const SPARE: LegPlan = { provider: 'xai', reply: answerRightly };
const FIRST_TEXT = faultParts.texts[0] as string;

const silence: LegPlan['reply'] = () => () => {};

const silenceAfterHeaders: LegPlan['reply'] = (context) => async (exchange) => {
  begin(exchange, context);
  await write(exchange, context.streamed ? context.parts.head : '');
};

const half: LegPlan['reply'] = (context) => async (exchange) => {
  begin(exchange, context);
  await write(exchange, beginning(context));
};

const endless: LegPlan['reply'] = (context) => async (exchange) => {
  begin(exchange, context);
  await write(exchange, context.parts.head);
  await repeat(exchange, context.parts.first, 1);
};

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

interface Visit {
  readonly scene: Scene;
  /** Closes the client's connection. */
  leave(): void;
  /** Resolves when the client has got a text. */
  received(text: string): Promise<void>;
}

/** A question that is under way, and whose answer is not going to be waited for. */
async function visit(plan: ScenePlan): Promise<Visit> {
  const started = await startScene(faultParts, plan);
  scene = started;
  const client = new AbortController();
  let text = '';
  let check = (): void => {};
  const answer = started.ask({
    signal: client.signal,
    onText(all) {
      text = all;
      check();
    },
  });
  answer.catch((_: unknown): ClientAnswer | undefined => undefined);
  return {
    scene: started,
    leave: () => client.abort(),
    received: (wanted) =>
      new Promise((resolve) => {
        check = () => {
          if (text.includes(wanted)) resolve();
        };
        check();
      }),
  };
}

function upstreamOf({ legs }: Scene, leg: number) {
  const found = legs[leg];
  if (!found) throw new Error(`There is no leg ${leg}.`);
  return found.upstream;
}

/** Nothing is being answered any more, nobody else was asked, and the log knows why. */
async function expectDeparture(left: Scene, requests: readonly number[]): Promise<void> {
  await left.idle();
  await vi.waitFor(() => expect(left.gateway.logged).toContainEqual(expect.objectContaining({ status: 499 })), 30_000);
  await left.closeApp();
  expect(left.legs.map(({ upstream }) => upstream.requests)).toEqual(requests);
}

describe.each(CASES)('a client of $vendor that wants its answer $form', ({ vendor: provider, streamed }) => {
  it.each([
    { moment: 'before the upstream has answered', reply: silence },
    { moment: 'when the upstream has sent its headers alone', reply: silenceAfterHeaders },
  ])('and leaves $moment ends the upstream, and no other is asked', async ({ reply }) => {
    const { scene: left, leave } = await visit({ streamed, legs: [{ provider, reply }, SPARE] });
    await upstreamOf(left, 0).arrived(0);
    leave();
    await expectDeparture(left, [1, 0]);
  });

  it('and leaves while a later leg is asked ends that one', async () => {
    const legs = [{ provider: 'xai', reply: answerStatus(503) }, { provider, reply: silence }, SPARE];
    const { scene: left, leave } = await visit({ streamed, legs });
    await upstreamOf(left, 1).arrived(0);
    leave();
    await expectDeparture(left, [1, 1, 0]);
  });

  it('and leaves while a leg waits for its next attempt is not waited for', async () => {
    const retry = 'max_attempts: 3, initial_backoff: 10m, max_backoff: 20m';
    const legs = [{ provider, reply: answerStatus(503) }, SPARE];
    const { scene: left, leave } = await visit({ streamed, legs, retry });
    await upstreamOf(left, 0).arrived(0);
    leave();
    await expectDeparture(left, [1, 0]);
  });
});

describe.each(VENDORS)('a client of %s that leaves in the middle', (provider) => {
  it('of a stream that has gone silent ends the upstream', async () => {
    const { scene: left, leave, received } = await visit({ streamed: true, legs: [{ provider, reply: half }, SPARE] });
    await received(FIRST_TEXT.trim());
    leave();
    await left.idle();
    await left.closeApp();
    expect(left.legs.map(({ upstream }) => upstream.requests)).toEqual([1, 0]);
  });

  it('of a stream without end ends the upstream', async () => {
    const plan = { streamed: true, legs: [{ provider, reply: endless }, SPARE] };
    const { scene: left, leave, received } = await visit(plan);
    await received(FIRST_TEXT.trim());
    leave();
    await left.idle();
    await left.closeApp();
    expect(left.legs.map(({ upstream }) => upstream.requests)).toEqual([1, 0]);
  });

  it('of a body that comes in one piece ends the upstream', async () => {
    const { scene: left, leave } = await visit({ streamed: false, legs: [{ provider, reply: half }, SPARE] });
    await upstreamOf(left, 0).arrived(0);
    leave();
    await expectDeparture(left, [1, 0]);
  });
});

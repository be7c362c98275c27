import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { runKeys } from '../../../scripts/keys.ts';
import { startEconomy } from '../../support/economy.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../support/services.ts';
import { openAiAnswer } from '../../support/vendor-answers.ts';

/** A gateway with keys in Firestore before a vendor that charges. */
async function start() {
  const collection = `keys-${randomUUID()}`;
  const economy = await startEconomy({
    upstreams: ['openai'],
    environment: { GOOGLE_CLOUD_PROJECT: EMULATOR_PROJECT },
    yaml: ({ openai }) => `
agents: [{name: agent, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${openai}"}]
observability: {ledger: memory}
auth: {store: firestore, keys_collection: ${collection}}`,
  });
  const keyOf = async (name: string, ...limits: string[]) => {
    const { output } = await runKeys(
      ['create', '--name', name, ...limits, '--collection', collection, '--project', EMULATOR_PROJECT],
      { environment: {}, now: economy.time.options.now },
    );
    return { authorization: `Bearer ${output.split('\n').at(-1)}` };
  };
  return { ...economy, keyOf };
}

describeWithFirestore('limits of keys in Firestore', () => {
  it('of tokens a minute hold for the one key, until they are made up for', async () => {
    const { chat, next, calls, keyOf, time } = await start();
    const [limited, free] = [await keyOf('limited', '--tpm', '1000'), await keyOf('free')];
    next('openai', openAiAnswer({ text: 'x', promptTokens: 1_000, completionTokens: 500 }));
    expect((await chat({}, limited)).status).toBe(200);
    const refused = await chat({}, limited);
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'rate_limit_exceeded' } } });
    expect(refused.headers.get('retry-after')).toBe('30');
    expect((await chat({}, free)).status).toBe(200);
    expect(calls).toHaveLength(2);
    time.pass(30_000);
    expect((await chat({}, limited)).status).toBe(200);
  });

  it('of money hold until the next day, and the key sees what is left of it', async () => {
    const { chat, next, get, calls, keyOf, time } = await start();
    const [poor, free] = [await keyOf('poor', '--budget', '0.001'), await keyOf('free')];
    next('openai', openAiAnswer({ text: 'x', promptTokens: 10_000, completionTokens: 10 }));
    expect((await chat({}, poor)).status).toBe(200);
    const refused = await chat({}, poor);
    expect(refused).toMatchObject({ status: 429, json: { error: { code: 'budget_exceeded' } } });
    expect((await chat({}, free)).status).toBe(200);
    expect(calls).toHaveLength(2);
    expect((await get('/v1/usage?days=1', poor)).json.limits).toMatchObject([
      { name: 'daily_budget_usd', limit: 0.001, left: 0 },
    ]);
    time.passUntil('2026-11-23T00:00:01Z');
    expect((await chat({}, poor)).status).toBe(200);
  });
});

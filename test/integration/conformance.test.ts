import { expect, test } from 'vitest';
import { chatProviders } from '../../shared/providers/registry.ts';
import { RECORDING_FILES, type Recording, readRecordings } from '../support/recordings.ts';
import { listFixtureFiles, loadFixtures, loadQuirks } from '../support/replay-fixtures.ts';
import { findMissedBars, listNewFailures } from '../support/replay-report.ts';
import { planReplays, runReplays } from '../support/replay-run.ts';
import type { ReplayMode } from '../support/replay-upstream.ts';

/** Streams up to this size are also sent byte by byte; the command takes the time for all. */
const MAX_BYTEWISE_LENGTH = 8_192;

const fixtures = loadFixtures();
const quirks = loadQuirks();
const recordings = RECORDING_FILES.flatMap(readRecordings);

test('each chat answer among the fixtures says what it means, and each provider has one', () => {
  const described = new Set(fixtures.map(({ id }) => id.slice(id.indexOf(' ') + 1)));
  expect([...described].sort()).toEqual(listFixtureFiles());
  const providers = new Set(fixtures.map(({ provider }) => (provider === 'vertex' ? 'vertexai' : provider)));
  expect(Object.keys(chatProviders).filter((name) => name !== 'local' && !providers.has(name))).toEqual([]);
});

test('a client gets every fixture right through the gateway, however its bytes are cut', async () => {
  const outcomes = await runReplays(planReplays(fixtures));
  expect(listNewFailures(outcomes)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(fixtures.length);
});

test.skipIf(quirks.length === 0)(
  'a client gets every quirk of the wire right through the gateway, however its bytes are cut [optional]',
  async () => {
    expect(listNewFailures(await runReplays(planReplays(quirks)))).toEqual([]);
  },
);

test.skipIf(recordings.length === 0)(
  'a client gets every recorded answer right through the gateway, or it is written down why not [optional]',
  { timeout: 300_000 },
  async () => {
    const outcomes = await runReplays(planReplays(recordings, chooseModes));
    expect(listNewFailures(outcomes)).toEqual([]);
    expect(findMissedBars(outcomes)).toEqual([]);
    expect(new Set(outcomes.map(({ recording }) => recording.id)).size).toBe(recordings.length);
  },
);

function chooseModes({ response }: Recording, position: number): readonly ReplayMode[] {
  const isSample = position % 5 === 0 && (response.sse?.length ?? 0) <= MAX_BYTEWISE_LENGTH;
  return isSample ? ['whole', 'cut', 'bytes'] : ['whole', 'cut'];
}

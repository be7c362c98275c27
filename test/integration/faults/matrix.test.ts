import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, listCells, POSITIONS } from '../../../scripts/faults/matrix.ts';
import { type CellResult, isWrong, toReport } from '../../../scripts/faults/report.ts';
import { runCells } from '../../../scripts/faults/run.ts';
import { faultParts } from '../../support/fault-parts.ts';

/** A minute of CPU for every vendor's every cell would be spent on adapters that are the same. */
const OWN_ADAPTER: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini', 'ollama']);
const MATRIX_LIMIT_MS = 600_000;

const providers = faultParts.wires.map(({ provider }) => provider);

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

describe.each(providers)('a leg of %s', (provider) => {
  let results: CellResult[] = [];
  let timersBefore = 0;

  beforeAll(async () => {
    timersBefore = countTimers();
    const positions = OWN_ADAPTER.has(provider) ? POSITIONS : (['first'] as const);
    results = await runCells(faultParts, listCells(provider, FAULTS, positions));
  }, MATRIX_LIMIT_MS);

  afterAll(() => {
    results = [];
  });

  test.each(FAULTS.map(({ name }) => name))('with the fault "%s" does to its client what it must', (name) => {
    const cells = results.filter(({ cell }) => cell.fault.name === name);
    expect(cells.length).toBeGreaterThan(0);
    const wrong = cells.filter(isWrong);
    expect(wrong, toReport(wrong)).toEqual([]);
  });

  test('leaves no timer behind', () => {
    expect(countTimers()).toBeLessThanOrEqual(timersBefore);
  });
});

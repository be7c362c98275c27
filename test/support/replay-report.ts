import { FIELDS, type Field, isOpenEnd } from './replay-compare.ts';
import type { ReplayOutcome } from './replay-run.ts';
import { reasonFor } from './replay-understood.ts';

/** Shares, 0 to 1, below which a run has failed. */
const OVERALL_BAR = 0.99;
const PROVIDER_BAR = 0.98;
/** Fields that must be right in every recording. */
const PERFECT: readonly Field[] = ['text', 'tools', 'error'];
/** What a provider's share is counted over. */
const COUNTED: readonly Field[] = ['text', 'tools', 'finish', 'usage', 'error'];

const PROVIDERS: ReadonlySet<string> = new Set([
  'anthropic',
  'gemini',
  'huggingface',
  'ollama',
  'openai',
  'vertex',
  'vllm',
  'xai',
]);

/** One recording with what was wrong in any mode. */
interface Verdict {
  readonly id: string;
  /** A provider, or `compatible` for everything else that the adapter for OpenAI reads. */
  readonly group: string;
  readonly vendor: string;
  readonly wrong: ReadonlySet<Field>;
}

/** What the bars say of a run; one line for each that was missed. */
export function findMissedBars(outcomes: readonly ReplayOutcome[]): string[] {
  const verdicts = toVerdicts(outcomes);
  const missed: string[] = [];
  const overall = share(verdicts, ({ wrong }) => wrong.size === 0);
  if (overall < OVERALL_BAR) missed.push(`overall ${percent(overall)} is below ${percent(OVERALL_BAR)}`);
  for (const [group, list] of groupBy(verdicts, 'group')) {
    const counted = share(
      COUNTED.flatMap((field) => list.map(({ wrong }) => wrong.has(field))),
      (isWrong) => !isWrong,
    );
    if (counted < PROVIDER_BAR) missed.push(`${group} ${percent(counted)} is below ${percent(PROVIDER_BAR)}`);
  }
  for (const field of PERFECT) {
    const wrong = verdicts.filter((verdict) => verdict.wrong.has(field)).length;
    if (wrong > 0) missed.push(`${field} is wrong in ${wrong} recordings and must be right in all`);
  }
  return missed;
}

/** The table of scores: a line per provider, the compatible vendors below theirs, and one for all. */
export function toScoreTable(outcomes: readonly ReplayOutcome[]): string[] {
  const verdicts = toVerdicts(outcomes);
  const row = (name: string, list: readonly Verdict[]): string => {
    const cells = [
      percent(share(list, ({ wrong }) => wrong.size === 0)),
      ...FIELDS.map((field) => percent(share(list, ({ wrong }) => !wrong.has(field)))),
    ];
    return `${name.padEnd(18)}${String(list.length).padStart(10)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  };
  const header = ['recordings', 'all', ...FIELDS].map((name) => name.padStart(10)).join('');
  const rows = groupBy(verdicts, 'group').flatMap(([group, list]) => {
    const vendors = groupBy(list, 'vendor');
    return [row(group, list), ...(vendors.length > 1 ? vendors.map(([vendor, own]) => row(`  ${vendor}`, own)) : [])];
  });
  return [`${'provider'.padEnd(18)}${header}`, ...rows, row('all', verdicts)];
}

/** What is wrong and has no written reason, one line per replay and field. */
export function listNewFailures(outcomes: readonly ReplayOutcome[]): string[] {
  return outcomes
    .filter((outcome) => reasonFor(outcome) === undefined)
    .flatMap(({ recording, mode, wrong }) =>
      Object.entries(wrong).map(([field, what]) => `${recording.id} (${mode}) ${field}: ${what}`),
    );
}

/** What is wrong with a written reason. */
export function listUnderstoodFailures(outcomes: readonly ReplayOutcome[]): string[] {
  return outcomes.flatMap((outcome) => {
    const reason = reasonFor(outcome);
    if (reason === undefined) return [];
    const what = Object.entries(outcome.wrong).map(([field, difference]) => `${field}: ${difference}`);
    return [`${outcome.recording.id} (${outcome.mode}) ${what.join('; ')}\n    ${reason}`];
  });
}

/** How recordings were answered that neither finish nor fail, for which any honest end is right. */
export function listOpenEnds(outcomes: readonly ReplayOutcome[]): string[] {
  return outcomes
    .filter(({ recording }) => isOpenEnd(recording))
    .map(({ recording, mode, answer: { status, finish, error } }) => {
      const end = error ? `error ${String(error.code)}` : `finish ${finish}`;
      return `${recording.id} (${mode}) HTTP ${status}, ${end}`;
    });
}

function toVerdicts(outcomes: readonly ReplayOutcome[]): Verdict[] {
  const byId = new Map<string, { group: string; vendor: string; wrong: Set<Field> }>();
  for (const { recording, wrong } of outcomes) {
    const { id, provider: vendor } = recording;
    const verdict = byId.get(id) ?? { group: PROVIDERS.has(vendor) ? vendor : 'compatible', vendor, wrong: new Set() };
    for (const field of Object.keys(wrong)) verdict.wrong.add(field as Field);
    byId.set(id, verdict);
  }
  return [...byId].map(([id, verdict]) => ({ id, ...verdict }));
}

function groupBy(verdicts: readonly Verdict[], key: 'group' | 'vendor'): [string, Verdict[]][] {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) groups.set(verdict[key], [...(groups.get(verdict[key]) ?? []), verdict]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

function share<Item>(items: readonly Item[], isRight: (item: Item) => boolean): number {
  return items.length === 0 ? 1 : items.filter(isRight).length / items.length;
}

function percent(value: number): string {
  // Rounded down, so that nothing but everything is 100.
  return `${(Math.floor(value * 10_000) / 100).toFixed(2)}%`;
}

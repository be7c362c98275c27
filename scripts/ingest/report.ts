/** What became of one file. */
export interface FileResult {
  readonly path: string;
  readonly id: string;
  /** `written`: in Firestore, where its event takes over. */
  readonly status: 'ready' | 'unchanged' | 'written' | 'failed';
  readonly chunks?: number;
  readonly embedded?: number;
  readonly tokens?: number;
  readonly costUsd?: number | null;
  readonly message?: string;
}

export interface Summary {
  readonly files: number;
  readonly ready: number;
  readonly unchanged: number;
  readonly written: number;
  readonly failed: number;
  readonly chunks: number;
  readonly embedded: number;
  readonly tokens: number;
  /** Null when the price of the embedding model is unknown. */
  readonly cost_usd: number | null;
  readonly seconds: number;
  /** Files of kinds that are not taken, by their ending. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly failures: readonly { readonly path: string; readonly id: string; readonly message: string }[];
}

/** @param skipped files that were not looked at, by their ending. */
export function summarize(
  results: readonly FileResult[],
  elapsedMs: number,
  skipped: ReadonlyMap<string, number> = new Map(),
): Summary {
  const count = (status: FileResult['status']) => results.filter((result) => result.status === status).length;
  const sum = (field: 'chunks' | 'embedded' | 'tokens') =>
    results.reduce((total, result) => total + (result[field] ?? 0), 0);
  const costs = results.map(({ costUsd = 0 }) => costUsd);
  return {
    files: results.length,
    ready: count('ready'),
    unchanged: count('unchanged'),
    written: count('written'),
    failed: count('failed'),
    chunks: sum('chunks'),
    embedded: sum('embedded'),
    tokens: sum('tokens'),
    cost_usd: costs.includes(null) ? null : costs.reduce<number>((total, cost) => total + (cost ?? 0), 0),
    seconds: Math.round(elapsedMs / 100) / 10,
    skipped: Object.fromEntries(skipped),
    failures: results
      .filter(({ status }) => status === 'failed')
      .map(({ path, id, message = '' }) => ({ path, id, message })),
  };
}

export function describeSummary(summary: Summary): string {
  const { files, ready, unchanged, written, failed, chunks, embedded, tokens, cost_usd: cost, seconds } = summary;
  const parts = [
    ...(ready > 0 ? [`${ready} ingested`] : []),
    ...(written > 0 ? [`${written} written`] : []),
    ...(unchanged > 0 ? [`${unchanged} unchanged`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const price = cost === null ? 'at an unknown price' : `for $${cost.toFixed(6)}`;
  return [
    ...summary.failures.map(({ path, message }) => `failed  ${path}: ${message}`),
    `${counted(files, 'file')} in ${seconds} s${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`,
    ...(chunks > 0 ? [`${counted(chunks, 'chunk')}, ${embedded} embedded, ${counted(tokens, 'token')} ${price}`] : []),
    ...describeSkipped(Object.entries(summary.skipped)),
  ].join('\n');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const MOST_ENDINGS = 8;

/** The most frequent endings first. */
function describeSkipped(skipped: readonly (readonly [ending: string, count: number])[]): string[] {
  if (skipped.length === 0) return [];
  const total = skipped.reduce((sum, [, count]) => sum + count, 0);
  const named = [...skipped]
    .sort(([one, ones], [other, others]) => others - ones || (one < other ? -1 : 1))
    .slice(0, MOST_ENDINGS)
    .map(([ending, count]) => `${count} ${ending === '' ? 'without an ending' : ending}`);
  const more = skipped.length > MOST_ENDINGS ? ', …' : '';
  return [`${counted(total, 'file')} of other kinds left out: ${named.join(', ')}${more}`];
}

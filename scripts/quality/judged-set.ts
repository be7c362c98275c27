import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Documents, questions, and which documents judges found to answer which question. */
export interface JudgedSet {
  readonly documents: readonly { readonly id: string; readonly text: string }[];
  /** Those that at least one document answers. */
  readonly queries: readonly { readonly id: string; readonly text: string; readonly relevant: ReadonlySet<string> }[];
}

/**
 * Reads a folder with `corpus.jsonl` ({id, title?, text}), `queries.jsonl` ({id, text}) and `qrels.tsv` (query, document,
 * grade; relevant is a grade above 0). Undefined when there is no such folder.
 */
export function readJudgedSet(folder: string): JudgedSet | undefined {
  if (!existsSync(join(folder, 'corpus.jsonl'))) return undefined;
  const lines = (name: string): string[] => readFileSync(join(folder, name), 'utf8').trim().split('\n');
  const relevant = new Map<string, Set<string>>();
  for (const line of lines('qrels.tsv')) {
    const [query = '', document = '', grade] = line.split('\t');
    if (Number(grade) > 0) relevant.set(query, (relevant.get(query) ?? new Set()).add(document));
  }
  return {
    documents: lines('corpus.jsonl')
      .map((line): { id: string; title?: string; text: string } => JSON.parse(line))
      .map(({ id, title = '', text }) => ({ id, text: `${title}\n${text}`.trim() }))
      .filter(({ text }) => text !== ''),
    queries: lines('queries.jsonl')
      .map((line): { id: string; text: string } => JSON.parse(line))
      .flatMap(({ id, text }) => {
        const answers = relevant.get(id);
        return answers === undefined ? [] : [{ id, text, relevant: answers }];
      }),
  };
}

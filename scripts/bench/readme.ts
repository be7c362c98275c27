import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../build.ts';
import type { BenchPart, BenchRow } from './part.ts';
import { toMarkdown } from './table.ts';

const README = join(ROOT, 'README.md');

export interface PartResult {
  readonly part: Pick<BenchPart, 'name' | 'description'>;
  readonly rows: readonly BenchRow[];
}

/** Puts each part's table between its marks, and the note between its own; parts that did not run keep theirs. */
export async function writeReadme(results: readonly PartResult[], note: string): Promise<void> {
  let text = await readFile(README, 'utf8');
  for (const { part, rows } of results)
    text = replaceBetween(text, part.name, `${toMarkdown(rows)}\n\nMeasured ${note}`);
  await writeFile(README, text);
}

/** The text with something new between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export function replaceBetween(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from)
    throw new Error(`The README has no place for ${name}: put ${start} and ${end} into it.`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

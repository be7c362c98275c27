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

/**
 * Puts each part's table between its marks; parts that did not run keep theirs.
 * @returns the names of parts that have no place in the README.
 */
export async function writeReadme(results: readonly PartResult[], note: string): Promise<string[]> {
  let text = await readFile(README, 'utf8');
  const [placed, homeless] = [[], []] as [PartResult[], PartResult[]];
  for (const result of results) (text.includes(`<!-- bench:${result.part.name} -->`) ? placed : homeless).push(result);
  for (const { part, rows } of placed)
    text = replaceBetween(text, part.name, `${toMarkdown(rows)}\n\nMeasured ${note}`);
  await writeFile(README, text);
  return homeless.map(({ part }) => part.name);
}

/** The text with something new between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export function replaceBetween(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from)
    throw new Error(`The README has no place for ${name}: put ${start} and ${end} into it.`);
  return `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`;
}

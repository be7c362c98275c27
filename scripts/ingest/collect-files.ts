import { createHash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.md': 'text/markdown',
  '.markdown': 'text/markdown',
  '.txt': 'text/plain',
  '.html': 'text/html',
  '.htm': 'text/html',
  '.pdf': 'application/pdf',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
};
const MAX_PLAIN_ID = 200;

export interface InputFile {
  /** Where it is. */
  readonly path: string;
  /** The same for the same file on every run from the same folder. */
  readonly id: string;
  /** Its path as people know it. */
  readonly source: string;
  readonly contentType: string;
  readonly bytes: number;
}

export interface Refusal {
  readonly path: string;
  readonly message: string;
}

export interface CollectedFiles {
  readonly files: readonly InputFile[];
  /** Paths that were asked for by name and cannot be taken, and folders that cannot be read, and why. */
  readonly refused: readonly Refusal[];
  /** How many files of other kinds lie beside them, by their ending in small letters, `` for none. */
  readonly skipped: ReadonlyMap<string, number>;
}

/**
 * The files of these paths and patterns; folders with all they hold, but for hidden files, `node_modules` and other kinds
 * of files. Links to files are taken; those to folders, which may lead back, are not followed but by patterns, which take
 * each file once. What exists under a name is meant by it, also when the name could be a pattern.
 */
export async function collectFiles(paths: readonly string[], directory = process.cwd()): Promise<CollectedFiles> {
  const found = new Map<string, InputFile>();
  const refused: Refusal[] = [];
  const others = new Set<string>();
  const findings = { directory, found, others, refused };
  for (const path of paths) {
    const absolute = resolve(directory, path);
    const facts = await stat(absolute).catch(() => undefined);
    if (facts?.isDirectory()) await walk(absolute, findings);
    else if (facts !== undefined && contentTypeOf(absolute) === undefined) {
      refused.push({ path, message: `The ending of its name says no kind of document that is known (${kinds()}).` });
    } else if (facts !== undefined) add(absolute, facts.size, directory, found);
    else if (!isDynamicPattern(path)) refused.push({ path, message: 'There is no such file or folder.' });
    else if (!(await addMatches(path, findings))) {
      refused.push({ path, message: `No file of a known kind (${kinds()}) matches.` });
    }
  }
  const files = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, refused, skipped: countEndings(others) };
}

export function kinds(): string {
  return Object.keys(CONTENT_TYPES).join(', ');
}

interface Findings {
  readonly directory: string;
  readonly found: Map<string, InputFile>;
  /** Paths of files of other kinds. */
  readonly others: Set<string>;
  readonly refused: Refusal[];
}

async function walk(folder: string, findings: Findings): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) {
    findings.refused.push({ path: toSource(folder, findings.directory), message: 'The folder cannot be read.' });
    return;
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await walk(path, findings);
    else if (entry.isFile() || entry.isSymbolicLink()) await take(path, findings);
  }
}

/** False when nothing that can be taken matches. */
async function addMatches(pattern: string, findings: Findings): Promise<boolean> {
  const { directory } = findings;
  const matches = await glob(pattern, {
    cwd: directory,
    absolute: true,
    ignore: ['**/node_modules/**'],
    expandDirectories: false,
  });
  // Patterns go through links to folders, which may lead to what they have found already: the shortest path is its own.
  const seen = new Set<string>();
  let taken = 0;
  for (const path of matches.sort((one, other) => one.length - other.length)) {
    const real = await realpath(path).catch(() => path);
    if (seen.has(real)) continue;
    seen.add(real);
    if (await take(resolve(path), findings)) taken += 1;
  }
  return taken > 0;
}

/** False for what is no file of a known kind, or no longer there. */
async function take(path: string, { directory, found, others }: Findings): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts?.isFile()) return false;
  if (contentTypeOf(path) === undefined) {
    others.add(path);
    return false;
  }
  add(path, facts.size, directory, found);
  return true;
}

function countEndings(paths: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const ending = extname(path).toLowerCase();
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return counts;
}

function add(path: string, bytes: number, directory: string, found: Map<string, InputFile>): void {
  const source = toSource(path, directory);
  found.set(path, { path, source, bytes, id: toId(source), contentType: contentTypeOf(path) ?? '' });
}

function contentTypeOf(path: string): string | undefined {
  return CONTENT_TYPES[extname(path).toLowerCase()];
}

function toSource(path: string, directory: string): string {
  const inside = relative(directory, path);
  return inside.startsWith('..') ? path : inside;
}

/** The path with `~` for slashes, which ids cannot hold; a digest stands for the folders of a very long one. */
function toId(source: string): string {
  const id = source
    .replace(/^\/+/, '')
    .replaceAll('~', '%7E')
    .replaceAll('/', '~')
    .replaceAll(/[\\\p{Cc}]/gu, '_');
  if (id.length <= MAX_PLAIN_ID) return id;
  const digest = createHash('sha256').update(source).digest('hex').slice(0, 24);
  return `${digest}~${basename(source).slice(-MAX_PLAIN_ID / 2)}`;
}

import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
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

export interface CollectedFiles {
  readonly files: readonly InputFile[];
  /** Paths that were asked for by name and cannot be taken, and why. */
  readonly refused: readonly { readonly path: string; readonly message: string }[];
}

/**
 * The files of these paths and patterns; folders with all they hold, but for hidden files, `node_modules` and other kinds
 * of files. What exists under a name is meant by it, also when the name could be a pattern.
 */
export async function collectFiles(paths: readonly string[], directory = process.cwd()): Promise<CollectedFiles> {
  const found = new Map<string, InputFile>();
  const refused: { path: string; message: string }[] = [];
  for (const path of paths) {
    const absolute = resolve(directory, path);
    const facts = await stat(absolute).catch(() => undefined);
    if (facts?.isDirectory()) await walk(absolute, directory, found);
    else if (facts !== undefined && contentTypeOf(absolute) === undefined) {
      refused.push({ path, message: `Known are ${kinds()}.` });
    } else if (facts !== undefined) add(absolute, facts.size, directory, found);
    else if (!isDynamicPattern(path)) refused.push({ path, message: 'There is no such file or folder.' });
    else if (!(await addMatches(path, directory, found))) {
      refused.push({ path, message: `No file of a known kind (${kinds()}) matches.` });
    }
  }
  return { files: [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1)), refused };
}

export function kinds(): string {
  return Object.keys(CONTENT_TYPES).join(', ');
}

async function walk(folder: string, directory: string, found: Map<string, InputFile>): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await walk(path, directory, found);
    else if (entry.isFile() && contentTypeOf(path) !== undefined) {
      add(path, (await stat(path)).size, directory, found);
    }
  }
}

/** False when nothing that can be taken matches. */
async function addMatches(pattern: string, directory: string, found: Map<string, InputFile>): Promise<boolean> {
  const matches = await glob(pattern, {
    cwd: directory,
    absolute: true,
    ignore: ['**/node_modules/**'],
    expandDirectories: false,
  });
  const paths = matches.map((path) => resolve(path)).filter((path) => contentTypeOf(path) !== undefined);
  for (const path of paths) add(path, (await stat(path)).size, directory, found);
  return paths.length > 0;
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

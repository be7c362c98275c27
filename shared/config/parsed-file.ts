import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';

/** A configuration file that was parsed ahead of time, so that no instance has to load the YAML library to start. */
interface ParsedFile {
  /** What was parsed. The tree holds for this text alone. */
  readonly text: string;
  readonly tree: unknown;
}

/** The file beside a configuration file that holds its tree. */
export function parsedFileOf(file: string): string {
  return `${file}.json`;
}

/** The content of that file, from a text and its tree; undefined for a tree that JSON cannot hold, such as one with `.inf`. */
export function toParsedFile({ text, tree }: ParsedFile): string | undefined {
  const content = JSON.stringify({ text, tree } satisfies ParsedFile);
  return isDeepStrictEqual((JSON.parse(content) as ParsedFile).tree, tree) ? `${content}\n` : undefined;
}

/** The tree of a configuration file, if it was parsed as it is now; undefined otherwise. */
export async function readParsed(text: string, file: string): Promise<Pick<ParsedFile, 'tree'> | undefined> {
  try {
    const parsed = JSON.parse(await readFile(parsedFileOf(file), 'utf8')) as Partial<ParsedFile> | null;
    return parsed?.text === text && parsed.tree !== undefined ? { tree: parsed.tree } : undefined;
  } catch {
    // Nothing is there, or nothing of ours: the text itself says it all.
    return undefined;
  }
}

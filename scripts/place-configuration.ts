import { rm, writeFile } from 'node:fs/promises';
import { parsedFileOf, toParsedFile } from '../shared/config/parsed-file.ts';
import { readYaml } from '../shared/config/yaml.ts';

/**
 * Writes a configuration file as it is deployed, with its tree beside it. What cannot be parsed is written all the same:
 * the start words what is wrong with it.
 */
export async function placeConfiguration(text: string, file: string): Promise<void> {
  await writeFile(file, text);
  const parsed = parseAhead(text, file);
  if (parsed === undefined) await rm(parsedFileOf(file), { force: true });
  else await writeFile(parsedFileOf(file), parsed);
}

function parseAhead(text: string, file: string): string | undefined {
  try {
    return toParsedFile({ text, tree: readYaml(text, file) });
  } catch {
    return undefined;
  }
}

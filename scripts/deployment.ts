import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEnvironment } from '../shared/config/environment.ts';
import { zipDirectory } from './archive.ts';
import { describeInfrastructure, type Infrastructure } from './infrastructure.ts';

/** The configuration that every bundle carries. */
export const CONFIGURATION = join('functions', 'agents.yaml');

/**
 * Writes what `infra/` deploys beside the bundles: an archive of each, `infrastructure.json` with what the configuration
 * needs of the cloud, and `firestore.indexes.json` with its indexes in the form of the Firebase command line.
 *
 * @throws AppError `configuration` when the configuration cannot be used.
 */
export async function writeDeployment({
  names,
  root,
  outputDirectory = join(root, 'dist'),
}: {
  /** Functions whose bundles are in the output directory. */
  names: readonly string[];
  root: string;
  outputDirectory?: string;
}): Promise<Infrastructure> {
  const text = await readFile(join(root, CONFIGURATION), 'utf8');
  const needs = describeInfrastructure(text, { source: CONFIGURATION, environment: readEnvironment() });
  const { indexes, field_overrides: fieldOverrides } = needs.firestore;
  await Promise.all([
    writeJson('infrastructure.json', needs),
    writeJson('firestore.indexes.json', { indexes, fieldOverrides }),
    ...names.map(async (name) =>
      writeFile(join(outputDirectory, `${name}.zip`), await zipDirectory(join(outputDirectory, name))),
    ),
  ]);
  return needs;

  async function writeJson(file: string, value: unknown): Promise<void> {
    await writeFile(join(outputDirectory, file), `${JSON.stringify(value, null, 2)}\n`);
  }
}

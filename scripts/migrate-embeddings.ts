/**
 * Gives the chunks in Firestore vectors of another embedding model, beside those they have, and switches then.
 *
 *   npm run migrate-embeddings -- --to NEW.yaml [--from OLD.yaml] [--dry-run]   copies; again: what has changed
 *   npm run migrate-embeddings -- --to NEW.yaml --switch                        copies, and puts NEW.yaml in place
 *   npm run migrate-embeddings -- --from OLD.yaml --to NEW.yaml --finish        after the switch is deployed
 *   npm run migrate-embeddings -- --from OLD.yaml --to NEW.yaml --remove-old [--yes]
 *
 * OLD.yaml is the configuration that is deployed (default: SLUICE_CONFIG, else functions/agents.yaml). NEW.yaml differs
 * from it in `embeddings`, `vectorstore.embedding_dimensions` and `vectorstore.firestore.collection`. `--json` prints one
 * object. Exit code 0: done, 1: something failed or is refused, 2: wrong usage.
 */
import { setMaxListeners } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CollectionParts, openCollectionParts } from '../shared/app/collection-parts.ts';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { parseConfig } from '../shared/config/parse.ts';
import type { SluiceConfig } from '../shared/config/types.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import type { HttpFetch } from '../shared/contracts/http-fetch.ts';
import { ROOT } from './build.ts';
import { readCommandLine, toUsage } from './command-line.ts';
import { checkConfigs, checkSource, checkTarget, collectionOf } from './migrate-embeddings/check-migration.ts';
import type { CopyTools } from './migrate-embeddings/copy-document.ts';
import { type MigrationSummary, migrateCollections, removeOld } from './migrate-embeddings/migrate-collections.ts';

const USAGE = `Usage: npm run migrate-embeddings -- --to FILE [--from FILE] [--dry-run] [--switch] [--json]
       npm run migrate-embeddings -- --to FILE --from FILE --finish [--dry-run] [--json]
       npm run migrate-embeddings -- --to FILE --from FILE --remove-old [--yes] [--json]`;

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  switch: { type: 'boolean', default: false },
  finish: { type: 'boolean', default: false },
  'remove-old': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export interface MigrateOutcome {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

export interface MigrateOptions {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  readonly onProgress?: (line: string) => void;
  /** Takes the place of the way to the embedding model. */
  readonly fetch?: HttpFetch;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

type Values = Exclude<ReturnType<typeof readArguments>, string>;

/** The whole command: arguments in, text and exit code out. */
export async function migrateEmbeddings(args: readonly string[], options: MigrateOptions): Promise<MigrateOutcome> {
  const values = readArguments(args);
  if (typeof values === 'string') return toUsage(values, USAGE);
  const from = values.from ?? (options.environment.SLUICE_CONFIG || join(ROOT, 'functions', 'agents.yaml'));
  const files = { from, to: values.to };
  const open: CollectionParts[] = [];
  // All documents under way listen to it, which Node takes for a leak.
  setMaxListeners(0, options.signal);
  try {
    const configs = { from: await readConfig(files.from, options), to: await readConfig(files.to, options) };
    checkConfigs(configs.from, configs.to);
    // All chunks of one run have the same time, by which they are told from what services write.
    const runMs = (options.now ?? Date.now)();
    const { environment, fetch } = options;
    for (const config of [configs.from, configs.to]) {
      open.push(await openCollectionParts(config, { environment, now: () => runMs, fetch }));
    }
    const [source, target] = open as [CollectionParts, CollectionParts];
    const isDryRun = values['dry-run'] || (values['remove-old'] && !values.yes);
    const tools = { source, target, isFinish: values.finish, isDryRun, signal: options.signal };
    return await run(values, { tools, files, configs, runMs, onProgress: options.onProgress ?? (() => {}) });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return fail(values, error.message);
  } finally {
    await Promise.all(open.map((parts) => parts.close()));
  }
}

interface Work {
  readonly tools: Omit<CopyTools, 'runs'>;
  readonly files: { readonly from: string; readonly to: string };
  readonly configs: { readonly from: SluiceConfig; readonly to: SluiceConfig };
  readonly runMs: number;
  readonly onProgress: (line: string) => void;
}

async function run(values: Values, { tools, files, configs, runMs, onProgress }: Work): Promise<MigrateOutcome> {
  const { source, target, isDryRun } = tools;
  const from = collectionOf(configs.from);
  if (values['remove-old']) {
    const { runs } = await target.collections.readMigration();
    const removed = await removeOld(
      { ...tools, runs },
      { isDryRun, onProgress: (deleted) => onProgress(`${deleted} chunks removed`) },
    );
    const text = isDryRun
      ? `${removed} chunks of ${from} would be removed; nothing needs them any more. Add --yes.`
      : `${removed} chunks of ${from} are removed. Its index may go from the configuration.`;
    return { exitCode: 0, output: values.json ? JSON.stringify({ removed, dry_run: isDryRun }) : text };
  }

  await checkSource(source, target, from);
  await checkTarget(target, tools.signal);
  if (!isDryRun) await target.collections.noteMigration({ from, runMs });
  const { runs } = await target.collections.readMigration();
  const summary = await migrateCollections({ ...tools, runs }, (collection, { documents, embedded, failed }) =>
    onProgress(`${collection}: ${documents} documents, ${embedded} texts embedded, ${failed} failed`),
  );
  if (values.finish && !isDryRun && summary.copied + summary.removed + summary.failed === 0) {
    await target.collections.noteMigration({ isFinished: true });
  }
  const isSwitched = values.switch && !isDryRun && summary.failed === 0;
  if (isSwitched) {
    await copyFile(files.from, `${files.from}.before-migration`);
    await copyFile(files.to, files.from);
  }
  const exitCode = summary.failed > 0 ? 1 : 0;
  if (values.json) return { exitCode, output: JSON.stringify({ ...summary, dry_run: isDryRun, switched: isSwitched }) };
  return {
    exitCode,
    output: [...describe(summary, isDryRun), ...next(values, { files, summary, isSwitched })].join('\n'),
  };
}

function describe(summary: MigrationSummary, isDryRun: boolean): string[] {
  const { documents, copied, unchanged, newer, gone, removed, chunks, embedded, tokens, failed, failures } = summary;
  return [
    `${documents} documents: ${copied} ${isDryRun ? 'to copy' : 'copied'} (${chunks} chunks, ${embedded} texts ` +
      `${isDryRun ? 'to embed, about' : 'embedded,'} ${tokens} tokens), ${unchanged} there already, ` +
      `${removed} ${isDryRun ? 'to remove' : 'removed'}, ${newer} written by the new configuration itself, ` +
      `${gone} deleted since, ${failed} failed`,
    ...failures.map(({ collection, documentId, message }) => `  failed  ${collection}/${documentId}: ${message}`),
  ];
}

function next(
  values: Values,
  { files, summary, isSwitched }: Pick<Work, 'files'> & { summary: MigrationSummary; isSwitched: boolean },
): string[] {
  if (summary.failed > 0) return ['What failed stays as it is. Mend the documents, and run the same command again.'];
  if (values['dry-run']) return [];
  if (values.finish) {
    return summary.copied + summary.removed > 0
      ? ['Run it once more, until nothing is copied and removed. Then: --remove-old']
      : ['Nothing is missing. When nobody needs the old collection any more: --remove-old'];
  }
  if (!isSwitched) return ['Run it again for what changes meanwhile, and with --switch when you want to deploy.'];
  return [
    `${files.from} is the new configuration now. Deploy it, and when the old revision has gone:`,
    `  npm run migrate-embeddings -- --from ${files.from}.before-migration --to ${files.from} --finish`,
  ];
}

function fail({ json }: Values, message: string): MigrateOutcome {
  return { exitCode: 1, output: json ? JSON.stringify({ error: message }) : message };
}

/** @throws AppError `configuration`. */
async function readConfig(file: string, { environment }: MigrateOptions): Promise<SluiceConfig> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('configuration', `${file} cannot be read.`, { cause });
  }
  return parseConfig(text, { environment, source: file }).config;
}

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readArguments(args: readonly string[]) {
  const given = readCommandLine(args, { options: OPTIONS });
  if (typeof given === 'string') return given;
  const { values } = given;
  const { to } = values;
  if (to === undefined) return 'Name the new configuration with --to.';
  const modes = [values.switch, values.finish, values['remove-old']].filter(Boolean).length;
  if (modes > 1) return 'Give one of --switch, --finish and --remove-old at a time.';
  if (values.switch && values['dry-run']) return 'A dry run changes nothing, so it cannot --switch.';
  // After the switch the default is the new configuration, which would be migrated to itself.
  const needsFrom = (values.finish || values['remove-old']) && values.from === undefined;
  return needsFrom ? 'Name the old configuration with --from.' : { ...values, to };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort(new AppError('cancelled', 'Stopped. Run it again to go on.')));
  const { exitCode, output } = await migrateEmbeddings(process.argv.slice(2), {
    environment: readEnvironment(),
    signal: controller.signal,
    onProgress: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${output}\n`);
  process.exitCode = exitCode;
}

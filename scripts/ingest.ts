/**
 * Ingests files and folders. Run it again after an interruption: what is unchanged costs nothing.
 *
 *   npm run ingest -- PATH… [--url http://127.0.0.1:8080] [--key KEY] [--collection NAME] [--tenant NAME] [--json]
 *   npm run ingest -- PATH… --firestore [--project ID] [--database ID] [--text-field NAME]
 *
 * Without `--firestore` the files go to a running service; the key may also be in SLUICE_API_KEY. With it they become
 * documents in Firestore, whose events ingest them. Exit code 0: all is there, 1: something failed, 2: wrong usage.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { loadConfig } from '../shared/config/load.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import { createFirestoreDocumentStore } from '../shared/stores/document/firestore.ts';
import { collectFiles, kinds } from './ingest/collect-files.ts';
import { createProgress, describeSummary, type FileResult, summarize } from './ingest/report.ts';
import { sendFiles } from './ingest/send-files.ts';
import { writeFiles } from './ingest/write-files.ts';

const USAGE = `Usage: npm run ingest -- PATH… [--url URL] [--key KEY] [--collection NAME] [--tenant NAME] [--json]
       npm run ingest -- PATH… --firestore [--project ID] [--database ID] [--text-field NAME]
Files: ${kinds()}; folders with all they hold.`;

export interface IngestCommand {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

export async function runIngest(
  args: readonly string[],
  { environment, directory, signal }: { environment: Environment; directory?: string; signal: AbortSignal },
): Promise<IngestCommand> {
  const parsed = parse(args);
  if (parsed === undefined || parsed.positionals.length === 0) return { exitCode: 2, output: USAGE };
  const { values, positionals } = parsed;
  const startedAt = performance.now();
  const { files, refused } = await collectFiles(positionals, directory);
  const results: FileResult[] = refused.map(({ path, message }) => ({ path, id: '', status: 'failed', message }));
  const progress = createProgress(files.length);
  const onResult = (result: FileResult): void => {
    results.push(result);
    progress.add(result);
  };
  const { collection, tenant } = values;
  try {
    if (values.firestore) {
      const store = await openStore(values, environment);
      await writeFiles(files, { store, collection, tenant, signal, onResult }).finally(() => store.close());
    } else {
      const key = values.key ?? environment.SLUICE_API_KEY;
      await sendFiles(files, { url: values.url, key: key || undefined, collection, tenant, signal, onResult });
    }
  } finally {
    progress.end();
  }
  const summary = summarize(results, performance.now() - startedAt);
  return {
    exitCode: summary.failed > 0 ? 1 : 0,
    output: values.json ? JSON.stringify(summary, null, 2) : describeSummary(summary),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8080' },
        key: { type: 'string' },
        collection: { type: 'string' },
        tenant: { type: 'string' },
        json: { type: 'boolean', default: false },
        firestore: { type: 'boolean', default: false },
        project: { type: 'string' },
        database: { type: 'string' },
        'text-field': { type: 'string' },
      },
    });
  } catch {
    return undefined;
  }
}

/** The document store of the configuration, but for what the command line says. */
async function openStore(
  values: { readonly project?: string; readonly database?: string; readonly 'text-field'?: string },
  environment: Environment,
) {
  const { config } = await loadConfig({ environment });
  const vectors = config.vectorstore?.provider === 'firestore' ? config.vectorstore : undefined;
  const projectId = values.project ?? vectors?.project ?? config.project;
  const databaseId = values.database ?? vectors?.databaseId;
  const textField = values['text-field'];
  const { documentsCollection, ingestionsCollection } = config.ingestion;
  return createFirestoreDocumentStore({
    documentsCollection,
    ingestionsCollection,
    ...(projectId === undefined ? {} : { projectId }),
    ...(databaseId === undefined ? {} : { databaseId }),
    ...(vectors?.credentialsFile === undefined ? {} : { credentialsFile: vectors.credentialsFile }),
    ...(textField === undefined ? {} : { textField }),
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const stopped = new AbortController();
  process.once('SIGINT', () => stopped.abort());
  try {
    const { exitCode, output } = await runIngest(process.argv.slice(2), {
      environment: readEnvironment(),
      signal: stopped.signal,
    });
    (exitCode === 2 ? process.stderr : process.stdout).write(`${output}\n`);
    process.exitCode = exitCode;
  } catch (error) {
    if (!stopped.signal.aborted && !(error instanceof AppError)) throw error;
    process.stderr.write(error instanceof AppError ? `${error.message}\n` : 'Stopped. Run it again to go on.\n');
    process.exitCode = 1;
  }
}

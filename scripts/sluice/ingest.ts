import { loadConfig } from '../../shared/config/load.ts';
import { AppError } from '../../shared/contracts/app-error.ts';
import { createFirestoreDocumentStore } from '../../shared/stores/document/firestore.ts';
import { collectFiles, kinds } from '../ingest/collect-files.ts';
import { createProgress } from '../ingest/progress.ts';
import { describeSummary, type FileResult, summarize } from '../ingest/report.ts';
import { sendFiles } from '../ingest/send-files.ts';
import { writeFiles } from '../ingest/write-files.ts';
import { createClient } from './client.ts';
import {
  COMMON_HELP,
  COMMON_OPTIONS,
  type Command,
  type CommandContext,
  CommandError,
  EXIT,
  parse,
  UsageError,
} from './command.ts';
import { createPaint, plain, toJsonText } from './terminal.ts';

const HELP = `Usage: sluice ingest PATH… [--collection NAME] [--tenant NAME]
       sluice ingest PATH… --firestore [--project ID] [--database ID] [--text-field NAME]

Puts files into the service: ${kinds()}; folders with all they hold; patterns
in quotes, as in 'docs/**/*.md'. Run it again after an interruption or a change: what the service has already is
neither embedded nor written again.

  --collection NAME    where to put them. Default: default
  --tenant NAME        whose they are
  --firestore          write them as documents to Firestore, whose events ingest them
  --project ID         Google Cloud project; with --firestore
  --database ID        its database; with --firestore
  --text-field NAME    field of the text; with --firestore
${COMMON_HELP}`;

const OPTIONS = {
  ...COMMON_OPTIONS,
  collection: { type: 'string' },
  tenant: { type: 'string' },
  firestore: { type: 'boolean', default: false },
  project: { type: 'string' },
  database: { type: 'string' },
  'text-field': { type: 'string' },
} as const;

type Values = ReturnType<typeof parse<typeof OPTIONS>>['values'];

export const ingest: Command = {
  summary: 'put files and folders into the service, and later what changed',
  help: HELP,

  async run(args, context) {
    const { values, positionals } = parse(args, OPTIONS);
    if (positionals.length === 0) throw new UsageError('Say what to ingest: sluice ingest docs');
    const { directory, environment, terminal, signal } = context;
    const startedAt = performance.now();
    const { files, refused, skipped } = await collectFiles(positionals, directory);
    const results: FileResult[] = refused.map(({ path, message }) => ({ path, id: '', status: 'failed', message }));
    const progress = createProgress(files, terminal.errors);
    const onResult = (result: FileResult): void => {
      results.push(result);
      progress.add(result);
    };
    try {
      await (values.firestore ? write(files, values, context, onResult) : send(files, values, context, onResult));
    } catch (error) {
      if (!signal.aborted) throw error instanceof AppError ? new CommandError(error.message) : error;
    } finally {
      progress.end();
    }
    const summary = summarize(results, performance.now() - startedAt, skipped);
    const paint = createPaint(terminal.output, environment);
    const text = values.json ? toJsonText(summary) : plain(describeSummary(summary));
    terminal.output.write(`${summary.failed > 0 && !values.json ? paint('yellow', text) : text}\n`);
    if (signal.aborted) {
      const missing = files.length + refused.length - results.length;
      terminal.errors.write(`Stopped; ${missing} of ${files.length} files were not sent. Run it again to go on.\n`);
      return EXIT.interrupted;
    }
    return summary.failed > 0 ? EXIT.failed : EXIT.ok;
  },
};

type Work = (
  files: Awaited<ReturnType<typeof collectFiles>>['files'],
  values: Values,
  context: CommandContext,
  onResult: (result: FileResult) => void,
) => Promise<void>;

const send: Work = async (files, values, { environment, signal }, onResult) => {
  const { collection, tenant } = values;
  const client = await createClient({ ...values, environment });
  const url = client.urls.ingest;
  await sendFiles(files, { url, authorize: () => client.authorize(url), collection, tenant, signal, onResult });
};

const write: Work = async (files, values, context, onResult) => {
  const { collection, tenant } = values;
  const store = await openStore(values, context);
  await writeFiles(files, { store, collection, tenant, signal: context.signal, onResult }).finally(() => store.close());
};

/** The document store of the configuration, but for what the command line says. */
async function openStore(values: Values, { environment }: CommandContext) {
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

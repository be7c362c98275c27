/**
 * Makes, lists and revokes the API keys that are kept in Firestore (`auth.store: firestore`).
 *
 *   npm run keys -- create --name NAME [--tenant T] [--models A,B] [--functions chat,search] [--rpm N] [--tpm N]
 *                          [--budget USD] [--expires DATE|30d]
 *   npm run keys -- list [--all]
 *   npm run keys -- revoke NAME
 *
 * All take [--json] [--project ID] [--database ID] [--collection NAME]; without them the configuration decides, which
 * SLUICE_CONFIG names. Exit code 0: done, 1: it failed, 2: wrong usage.
 */
import { pathToFileURL } from 'node:url';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { loadConfig } from '../shared/config/load.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import type { KeyStore } from '../shared/contracts/key-store.ts';
import { createFirestoreKeyStore } from '../shared/stores/keys/firestore.ts';
import { readCommandLine, toUsage } from './command-line.ts';
import { createModelCheck } from './keys/check-models.ts';
import { createKey } from './keys/create-key.ts';
import { describeKeys, toKeyJson } from './keys/describe-keys.ts';

const USAGE = `Usage: npm run keys -- create --name NAME [--tenant T] [--models A,B] [--functions chat,search]
                              [--rpm N] [--tpm N] [--budget USD] [--expires 2027-01-31|30d]
       npm run keys -- list [--all]
       npm run keys -- revoke NAME
All take [--json] [--project ID] [--database ID] [--collection NAME].`;

const OPTIONS = {
  name: { type: 'string' },
  tenant: { type: 'string' },
  models: { type: 'string' },
  functions: { type: 'string' },
  rpm: { type: 'string' },
  tpm: { type: 'string' },
  budget: { type: 'string' },
  expires: { type: 'string' },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  project: { type: 'string' },
  database: { type: 'string' },
  collection: { type: 'string' },
} as const;

const COMMANDS: readonly string[] = ['create', 'list', 'revoke'];

export interface KeysCommand {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

export async function runKeys(
  args: readonly string[],
  { environment, now = Date.now }: { environment: Environment; now?: () => number },
): Promise<KeysCommand> {
  const given = readCommandLine(args, { allowPositionals: true, options: OPTIONS });
  if (typeof given === 'string') return toUsage(given, USAGE);
  const {
    values,
    positionals: [command = '', name, ...rest],
  } = given;
  if (!COMMANDS.includes(command) || rest.length > 0 || (command === 'revoke') !== (name !== undefined)) {
    return toUsage('Say create, list, or revoke and the name of one key.', USAGE);
  }
  const { store, reserved, checkModel } = await openStore(values, environment);
  try {
    if (command === 'create') {
      const { key, record } = await createKey(values, { store, reserved, checkModel, nowMs: now() });
      if (values.json) return { exitCode: 0, output: JSON.stringify({ key, ...toKeyJson(record) }, null, 2) };
      return {
        exitCode: 0,
        output: `${describeKeys([record], now())}\n\nIt is shown this once and kept nowhere:\n${key}`,
      };
    }
    if (name !== undefined) return await revoke(store, name, { now, json: values.json });
    const keys = (await store.list()).filter(({ revokedAtMs }) => values.all || revokedAtMs === undefined);
    return {
      exitCode: 0,
      output: values.json ? JSON.stringify(keys.map(toKeyJson), null, 2) : describeKeys(keys, now()),
    };
  } finally {
    await store.close();
  }
}

async function revoke(
  store: KeyStore,
  name: string,
  { now, json }: { readonly now: () => number; readonly json: boolean },
): Promise<KeysCommand> {
  const revoked = await store.revoke(name, now());
  if (!revoked) return { exitCode: 1, output: `There is no key named ${name} that is in use.` };
  const done = `Revoked ${name} (${revoked.hint}…). Running instances stop taking it within 60 s.`;
  return { exitCode: 0, output: json ? JSON.stringify(toKeyJson(revoked), null, 2) : done };
}

/** The key store of the configuration, but for what the command line says, and the names that the file itself uses. */
async function openStore(
  values: { readonly project?: string; readonly database?: string; readonly collection?: string },
  environment: Environment,
) {
  const { config } = await loadConfig({ environment });
  const vectors = config.vectorstore?.provider === 'firestore' ? config.vectorstore : undefined;
  const collection = values.collection ?? config.auth.keysCollection;
  if (collection === undefined) {
    throw new AppError(
      'configuration',
      `${config.source} keeps no keys in Firestore: set auth.store: firestore there (SLUICE_CONFIG names the file), or ` +
        'name the collection with --collection.',
    );
  }
  const projectId = values.project ?? vectors?.project ?? config.project;
  const databaseId = values.database ?? vectors?.databaseId;
  const store = createFirestoreKeyStore({
    collection,
    timeoutMs: 30_000,
    ...(projectId === undefined ? {} : { projectId }),
    ...(databaseId === undefined ? {} : { databaseId }),
    ...(vectors?.credentialsFile === undefined ? {} : { credentialsFile: vectors.credentialsFile }),
  });
  // Without a file there are the defaults of this machine, which say nothing about a service.
  const checkModel = environment.SLUICE_CONFIG ? createModelCheck(config) : () => undefined;
  return { store, checkModel, reserved: config.auth.keys.map(({ name }) => name) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const { exitCode, output } = await runKeys(process.argv.slice(2), { environment: readEnvironment() });
    (exitCode === 0 ? process.stdout : process.stderr).write(`${output}\n`);
    process.exitCode = exitCode;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

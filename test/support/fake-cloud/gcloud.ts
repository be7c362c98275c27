/** A Google Cloud project as far as the commands of the scripts look at it. */
export interface CloudState {
  signedIn: boolean;
  applicationDefault: boolean;
  project: string;
  exists: boolean;
  billing: boolean;
  services: string[];
  buckets: string[];
  /** Name and state. */
  functions: Record<string, string>;
  secrets: Record<string, { versions: number; readers: string[] }>;
  /** Members of each role over the project. */
  roles: Record<string, string[]>;
  /** Invokers of each Cloud Run service. */
  invokers: Record<string, string[]>;
  database: { location: string } | null;
  indexes: { collection: string; state: string; fields: { fieldPath: string; dimension?: number }[] }[];
}

export interface FakeResult {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

const ok = (value: unknown): FakeResult => ({
  status: 0,
  output: typeof value === 'string' ? value : JSON.stringify(value),
  errors: '',
});
const fail = (errors: string): FakeResult => ({ status: 1, output: '', errors: `ERROR: (gcloud) ${errors}` });
const policy = (roles: Readonly<Record<string, readonly string[]>>): FakeResult =>
  ok({ bindings: Object.entries(roles).map(([role, members]) => ({ role, members })) });

/** What gcloud answers about a project; `versions add`, the one command that changes something, changes the state. */
export function gcloud(args: readonly string[], state: CloudState, input = ''): FakeResult {
  const line = args.join(' ');
  const json = line.includes('--format=json');
  const has = (start: string): boolean => line.startsWith(start);

  if (has('version')) return ok('Google Cloud SDK 528.0.0');
  if (has('auth application-default')) return state.applicationDefault ? ok('ya29.x') : fail('no credentials');
  if (!state.signedIn) return fail('You do not currently have an active account selected. gcloud auth login');
  if (has('auth print-identity-token')) return ok('token');
  if (has('projects describe')) {
    if (!state.exists) return fail('NOT_FOUND: Project not found');
    return json ? ok({ projectNumber: '123', lifecycleState: 'ACTIVE' }) : ok('123');
  }
  if (has('projects get-iam-policy')) return policy(state.roles);
  if (has('billing projects describe')) return json ? ok({ billingEnabled: state.billing }) : ok(String(state.billing));
  if (has('services list')) {
    return json ? ok(state.services.map((service) => ({ config: { name: service } }))) : ok(state.services.join('\n'));
  }
  if (has('storage buckets describe')) {
    const bucket = args.find((arg) => arg.startsWith('gs://'))?.slice(5) ?? '';
    return state.buckets.includes(bucket) ? ok(bucket) : fail('404: The specified bucket does not exist.');
  }
  if (has('functions list')) {
    return ok(
      Object.entries(state.functions).map(([id, current]) => ({
        name: `projects/${state.project}/locations/us-central1/functions/${id}`,
        state: current,
        stateMessages: current === 'ACTIVE' ? [] : [{ message: 'Container failed to start.' }],
        serviceConfig: { uri: `https://${id}-x-uc.a.run.app` },
      })),
    );
  }
  if (has('secrets')) {
    const id = has('secrets versions') ? (args[3] ?? '') : (args[2] ?? '');
    const secret = state.secrets[id];
    if (secret === undefined) return fail(`NOT_FOUND: Secret [${id}] not found.`);
    if (has('secrets get-iam-policy')) return policy({ 'roles/secretmanager.secretAccessor': secret.readers });
    if (has('secrets versions add')) {
      if (input === '') return fail('INVALID_ARGUMENT: empty payload');
      secret.versions += 1;
      return ok(`Created version [${secret.versions}]`);
    }
    const versions = Array.from(
      { length: secret.versions },
      (_, index) => `projects/1/secrets/${id}/versions/${index}`,
    );
    return json ? ok(versions.map((version) => ({ name: version }))) : ok(versions.join('\n'));
  }
  if (has('firestore databases describe')) {
    return state.database === null
      ? fail('NOT_FOUND: database not found')
      : ok({ locationId: state.database.location, type: 'FIRESTORE_NATIVE' });
  }
  if (has('firestore indexes composite list')) {
    return ok(
      state.indexes.map(({ collection, state: current, fields }) => ({
        name: `projects/${state.project}/databases/(default)/collectionGroups/${collection}/indexes/1`,
        state: current,
        fields: [
          ...fields.map(({ fieldPath, dimension }) => ({
            fieldPath,
            ...(dimension === undefined ? { order: 'ASCENDING' } : { vectorConfig: { dimension, flat: {} } }),
          })),
          { fieldPath: '__name__', order: 'ASCENDING' },
        ],
      })),
    );
  }
  if (has('run services get-iam-policy')) {
    const members = state.invokers[args[3] ?? ''];
    return members === undefined ? fail('NOT_FOUND: Cannot find service') : policy({ 'roles/run.invoker': members });
  }
  return fail(`this stand-in does not know: gcloud ${line}`);
}

/** A project that has everything the shipped configuration needs. */
export function createCloudState(project = 'acme-llm'): CloudState {
  const functions = ['chat', 'embed', 'ingest', 'search', 'ingest-on-write'];
  const accounts = functions.map((name) => `serviceAccount:sluice-${name}@${project}.iam.gserviceaccount.com`);
  const caller = 'user:ann@example.com';
  return {
    signedIn: true,
    applicationDefault: true,
    project,
    exists: true,
    billing: true,
    services: [
      'aiplatform',
      'artifactregistry',
      'cloudbuild',
      'cloudfunctions',
      'cloudresourcemanager',
      'eventarc',
      'firestore',
      'iam',
      'logging',
      'monitoring',
      'pubsub',
      'run',
      'secretmanager',
      'serviceusage',
      'storage',
    ].map((name) => `${name}.googleapis.com`),
    buckets: [`${project}-sluice-state`],
    functions: Object.fromEntries(functions.map((name) => [`sluice-${name}`, 'ACTIVE'])),
    secrets: { 'openai-api-key': { versions: 1, readers: accounts } },
    roles: {
      'roles/datastore.user': accounts,
      'roles/aiplatform.user': accounts.slice(0, 1),
    },
    invokers: Object.fromEntries(
      functions.map((name) => [
        `sluice-${name}`,
        [name === 'ingest-on-write' ? `serviceAccount:sluice-trigger@${project}.iam.gserviceaccount.com` : caller],
      ]),
    ),
    database: { location: 'us-central1' },
    indexes: [{ collection: 'embeddings', state: 'READY', fields: [{ fieldPath: 'embedding', dimension: 1536 }] }],
  };
}

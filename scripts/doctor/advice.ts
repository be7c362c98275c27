/**
 * What can be missing, what it looks like, and what to do. `npm run doctor` and the section "Troubleshooting" of the
 * README (`symptoms.ts`) say the same because both say this.
 */
export interface Advice {
  /** What one sees: a line of the log, an error, an answer. */
  readonly sign: string;
  readonly means: string;
  /** What to do, in words. */
  readonly cure: string;
  /** The command; words in capitals stand for names (see `PLACES`). */
  readonly run: string;
}

/** Names that stand in commands for what the doctor found. */
export const PLACES = [
  'ACCOUNT',
  'COMMAND',
  'DATABASE',
  'ENVIRONMENT',
  'FILE',
  'MEMBER',
  'MODEL',
  'PROJECT',
  'PROVIDER',
  'REGION',
  'SECRET',
  'SERVICE',
  'URL',
  'VARIABLE',
] as const;
export type Place = (typeof PLACES)[number];

const TABLE = {
  configuration: {
    sign: '`… has a problem`, and nothing starts',
    means: 'The configuration breaks a rule; each line names the path and the rule.',
    cure: 'Correct the lines that are named, and check again.',
    run: 'npm run config-check FILE',
  },
  setting: {
    sign: 'a warning at start-up',
    means: 'A setting is valid, and does less, or other, than one may think.',
    cure: 'Read the line; change the setting or leave it.',
    run: 'npm run config-check FILE',
  },
  variable: {
    sign: '`VARIABLE is missing or empty`, or a leg is `disabled`',
    means: 'The file names a variable that the environment does not set, so that leg or block is left out.',
    cure: 'Set the variable; on Google Cloud its secret.',
    run: 'export VARIABLE=…',
  },
  secret: {
    sign: '`The secret "SECRET" … does not exist, or has no version yet`',
    means: 'A key is to come from Secret Manager and is not there.',
    cure: 'Store it; running instances take it within five minutes.',
    run: 'printf %s "$VARIABLE" | gcloud secrets versions add SECRET --project=PROJECT --data-file=-',
  },
  'secret-reader': {
    sign: '`The secret "SECRET" … may not be read`',
    means: 'The account of the function lacks the role on this secret.',
    cure: 'Grant it, or deploy again, which grants what the configuration needs.',
    run: 'gcloud secrets add-iam-policy-binding SECRET --project=PROJECT --role=roles/secretmanager.secretAccessor --member=serviceAccount:ACCOUNT',
  },
  'key-refused': {
    sign: '`leg failed` with `authentication`, upstream status 401',
    means: 'The vendor does not know the key: it was withdrawn, or is that of another vendor.',
    cure: 'Store a new one. The next call after the refusal uses it.',
    run: 'printf %s "$VARIABLE" | gcloud secrets versions add SECRET --project=PROJECT --data-file=-',
  },
  'key-forbidden': {
    sign: '`leg failed` with `permission`, upstream status 403',
    means: 'The key is known and may not use this model, region or project.',
    cure: 'Allow the model to the key at the vendor, or put another leg behind it.',
    run: 'npm run doctor -- --config FILE --call',
  },
  quota: {
    sign: '`quota_exceeded`, upstream status 402 or 429 with `insufficient_quota`',
    means: "The vendor's account is empty, or the quota of the Google project is used up.",
    cure: 'Pay in at the vendor or ask Google for more, and put another leg behind it for the time being.',
    run: 'npm run doctor -- --config FILE --call',
  },
  'rate-limit': {
    sign: '`rate_limit`, status 429 with `Retry-After`',
    means: 'The vendor, or a limit of your own under `limits`, lets no more through for now.',
    cure: 'Wait, give the leg several keys, or raise `limits.providers`.',
    run: 'npm run config-check FILE',
  },
  model: {
    sign: '`model_not_found`, upstream status 404',
    means: 'The vendor has no model of this name, no longer, or not in this region.',
    cure: 'Write the name of a model that it has.',
    run: 'npm run config-check FILE',
  },
  price: {
    sign: '`cost_usd` is null, `unpriced` in `/v1/usage`',
    means: 'The catalogue does not know the model, so that budgets in USD do not count it.',
    cure: 'Write its price: `prices: { PROVIDER/MODEL: { input: 1, output: 2 } }`, in USD for a million tokens.',
    run: 'npm run config-check FILE',
  },
  'retired-host': {
    sign: '`… is retired; … is used instead`',
    means: 'The endpoint is one that the vendor has switched off.',
    cure: 'Remove the `endpoint`, or write the new one.',
    run: 'npm run config-check FILE',
  },
  unreachable: {
    sign: '`leg failed` with `network` or `timeout`',
    means: 'Nothing answers at this address.',
    cure: 'Correct the endpoint, start the server, or look at the vendor’s status page.',
    run: 'curl -sS -m 5 -o /dev/null -w "%{http_code}\\n" URL',
  },
  blocked: {
    sign: '`request blocked`, code `blocked_url`',
    means: 'The address is private and its network is not named, or it is one that is never called.',
    cure: 'Name the network in `allowed_cidrs` of that leg.',
    run: 'npm run config-check FILE',
  },
  'ollama-down': {
    sign: '`network` from ollama, in development `ECONNREFUSED`',
    means: 'No Ollama answers at the configured address.',
    cure: 'Start it; on Cloud Run, see that it is deployed.',
    run: 'ollama serve   # or: docker compose -f infra/ollama/compose.yaml up --build --wait',
  },
  'ollama-model': {
    sign: '`model_not_found`, with `ollama pull …`',
    means: 'The server runs and does not have this model.',
    cure: 'Pull it; on Cloud Run put it into `_MODELS` and build the image again.',
    run: 'ollama pull MODEL',
  },
  'ollama-invoker': {
    sign: '`permission` from ollama, upstream status 403',
    means: 'The account of the function may not call the private service.',
    cure: 'Let it in; it takes a minute.',
    run: 'gcloud run services add-iam-policy-binding SERVICE --project=PROJECT --region=REGION --role=roles/run.invoker --member=serviceAccount:ACCOUNT',
  },
  'ollama-network': {
    sign: '`model_not_found` from ollama, 404, without `ollama pull`',
    means: 'Cloud Run hides the service: the request came from outside its network.',
    cure: 'From your own machine that is as it should be. From a function: Direct VPC egress and Private Google Access, which `ollama` in the tfvars makes.',
    run: 'npm run deploy -- ENVIRONMENT',
  },
  'google-credentials': {
    sign: '`There are no usable Google credentials`',
    means: 'Something of Google’s is to be called, and nobody is signed in.',
    cure: 'Sign in; on Google Cloud the account of the function is there by itself.',
    run: 'gcloud auth application-default login',
  },
  gcloud: {
    sign: 'the doctor `could not look`',
    means: 'The gcloud command is not installed, or nobody is signed in with it.',
    cure: 'Install it from https://cloud.google.com/sdk/docs/install and sign in.',
    run: 'gcloud auth login',
  },
  'may-not-look': {
    sign: 'the doctor `could not look`, with `PERMISSION_DENIED`',
    means: 'You may not see this part of the project.',
    cure: 'Have somebody who owns the project grant you the role, or run the doctor.',
    run: 'gcloud projects add-iam-policy-binding PROJECT --role=roles/viewer --member=MEMBER',
  },
  project: {
    sign: '`The project … does not exist, or you may not see it`',
    means: 'The id is another one, or you are signed in as somebody else.',
    cure: 'Correct it, sign in as the owner, or create it.',
    run: 'gcloud projects list',
  },
  billing: {
    sign: '`BILLING_DISABLED`, or a plan that cannot switch on an API',
    means: 'The project has no billing account; functions and Vertex AI do not run without one.',
    cure: 'Link one; gcloud billing accounts list shows yours.',
    run: 'gcloud billing projects link PROJECT --billing-account=ID',
  },
  api: {
    sign: '`SERVICE_DISABLED`, `… has not been used in project …`',
    means: 'An API of Google is off. A new one takes two minutes to arrive everywhere.',
    cure: 'Switch it on.',
    run: 'gcloud services enable SERVICE --project=PROJECT',
  },
  role: {
    sign: '`Firestore refused access`, or `permission` from vertexai',
    means: 'The account of the function lacks a role, or got it less than two minutes ago.',
    cure: 'Deploy again, which grants what the configuration needs.',
    run: 'npm run deploy -- ENVIRONMENT',
  },
  database: {
    sign: '`The Firestore database does not exist`',
    means: 'There is none of this name in the project.',
    cure: 'Deploy, which creates it, or correct `project_id` and `database_id`.',
    run: 'npm run deploy -- ENVIRONMENT',
  },
  index: {
    sign: '`Firestore lacks the index this query needs`',
    means: 'No index fits the collection, the filter and the length of the vectors.',
    cure: 'Create it, or deploy again; a filter of your own goes under `search.filters` in the tfvars.',
    run: 'COMMAND',
  },
  'index-building': {
    sign: '`Firestore lacks the index … or is still building it`',
    means: 'The index was asked for and is not ready; with many passages it takes an hour.',
    cure: 'Wait until its state is READY.',
    run: 'gcloud firestore indexes composite list --database=DATABASE --project=PROJECT',
  },
  dimensions: {
    sign: '`embedding_dimensions: is …, but … makes vectors of …`',
    means: 'Vectors of one length cannot be compared with those of another.',
    cure: 'Make both numbers equal. For a collection that holds others already, embed it anew beside the old one.',
    run: 'npm run config-check FILE',
  },
  'foreign-model': {
    sign: '`The collection … holds vectors of …, and … is configured`',
    means:
      'Another embedding model has filled the collection. What is sent is refused, and so are searches that meet its vectors.',
    cure: 'Configure that model again, or make the new vectors beside the old ones, as under “Another embedding model”.',
    run: 'npm run migrate-embeddings -- --to next.yaml --dry-run',
  },
  store: {
    sign: '`/ready` answers 503 `The vector store is not usable`',
    means: 'The store of passages cannot be reached or refuses the key.',
    cure: 'Correct its address or its secret, or start it.',
    run: 'npm run doctor -- --config FILE',
  },
  'auth-none': {
    sign: '`auth.mode: none lets everybody who reaches the service use it`',
    means: 'Whoever knows the address spends your money.',
    cure: 'Write `auth: {mode: iam}`, or `auth: {mode: api_key, keys: […]}` with keys.',
    run: 'npm run config-check FILE',
  },
  'auth-keys': {
    sign: '`auth.keys: must hold at least one key for mode api_key`',
    means: 'Nobody could call: the mode asks for keys and there is none that holds.',
    cure: 'Write `auth: {mode: api_key, store: firestore}` and make a key, or name secrets that hold keys under `auth.keys`.',
    run: 'npm run keys -- create --name NAME',
  },
  'one-key': {
    sign: '`auth.keys[0].expires: web has expired`',
    means: 'This key is refused, or too short to be safe. The other keys are not concerned.',
    cure: 'Make another one for its holder, and take this one out of `auth.keys`.',
    run: 'npm run keys -- create --name NAME',
  },
  'not-deployed': {
    sign: '404 of Google, not of Sluice',
    means: 'There is no such function, or its last deployment failed.',
    cure: 'Deploy.',
    run: 'npm run deploy -- ENVIRONMENT',
  },
  'not-running': {
    sign: '`Container failed to start`, or 503 from Google',
    means: 'The function is there and does not start; its log says why.',
    cure: 'Read the last lines, put it right, and deploy.',
    run: 'gcloud run services logs read SERVICE --project=PROJECT --region=REGION --limit=50',
  },
  'caller-key': {
    sign: '401 `authentication` from Sluice',
    means: 'The caller gave no key, or one that does not hold.',
    cure: 'Give one of `auth.keys`.',
    run: 'SLUICE_API_KEY=… npm run doctor -- --url URL',
  },
  'caller-invoker': {
    sign: '403 with a page of Google',
    means: 'The caller is not let in: Cloud Run checks who calls.',
    cure: 'Add the caller to `invokers` in the tfvars and deploy, or by hand:',
    run: 'gcloud run services add-iam-policy-binding SERVICE --project=PROJECT --region=REGION --role=roles/run.invoker --member=MEMBER',
  },
  'caller-permission': {
    sign: '403 `permission` from Sluice',
    means: 'The key holds and is limited to other models, functions or another tenant; the message names which.',
    cure: 'Use another key, or widen this one.',
    run: 'npm run keys -- list',
  },
  budget: {
    sign: '429 `budget_exceeded`',
    means:
      'A limit of the day is reached: of the service in USD or tokens, or of this key. It begins anew at midnight UTC.',
    cure: 'Look who spent it; raise `limits.daily_usd`, `daily_token_limit` or the key’s `daily_budget_usd`, or wait.',
    run: 'curl -sS URL/v1/usage?days=1',
  },
  'stream-cut': {
    sign: '`leg broke off`; the client sees an `error` event and no `[DONE]`',
    means:
      'After its first output the provider’s connection ended, or was silent for longer than `limits.idle_timeout`. From there no other leg can go on.',
    cure: 'Ask again; raise `limits.idle_timeout` for a model that pauses to think, and the time limit of proxies in between.',
    run: `gcloud logging read 'jsonPayload.message="leg broke off"' --project=PROJECT --limit=20`,
  },
  'search-empty': {
    sign: '`POST /v1/search 200` with `results` 0',
    means:
      'In this collection and for this tenant nothing is ingested, or the filter or `min_score` leaves nothing of what was found.',
    cure: 'Search without filter and `min_score`; if that is empty too, look whether a document is `ready`.',
    run: 'curl -sS URL/v1/documents/ID',
  },
  open: {
    sign: 'everybody gets an answer',
    means: 'The service takes requests from anybody, without a key.',
    cure: 'Take the role from everybody, or let keys decide (`auth.mode: api_key`).',
    run: 'gcloud run services remove-iam-policy-binding SERVICE --project=PROJECT --region=REGION --role=roles/run.invoker --member=allUsers',
  },
} as const satisfies Readonly<Record<string, Advice>>;

export type AdviceId = keyof typeof TABLE;
export const ADVICE: Readonly<Record<AdviceId, Advice>> = TABLE;

/** An advice with the names of the case at hand. */
export interface Remedy {
  readonly id: AdviceId;
  readonly means: string;
  readonly cure: string;
  readonly run: string;
}

/** Puts names into an advice; what is not known stays in capitals for the reader to fill in. */
export function toRemedy(id: AdviceId, names: Partial<Readonly<Record<Place, string>>> = {}): Remedy {
  const { means, cure, run } = ADVICE[id];
  const fill = (text: string): string =>
    text.replace(/[A-Z]+/g, (word) => (Object.hasOwn(names, word) ? (names[word as Place] ?? word) : word));
  return { id, means, cure: fill(cure), run: fill(run) };
}

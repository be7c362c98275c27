import { parseDocument as parseYaml } from 'yaml';
import { chatRoutes } from '../functions/chat/routes.ts';
import { embedRoutes } from '../functions/embed/routes.ts';
import { gatewayRoutes } from '../functions/gateway/routes.ts';
import { ingestRoutes } from '../functions/ingest/routes.ts';
import { searchRoutes } from '../functions/search/routes.ts';
import { type App, createApp } from '../shared/app/create-app.ts';
import { type Environment, PROJECT_VARIABLES } from '../shared/config/environment.ts';
import { interpolate } from '../shared/config/interpolate.ts';
import type { AuthMode } from '../shared/config/names.ts';
import { parseConfig } from '../shared/config/parse.ts';
import type { SecretValue } from '../shared/config/secret-value.ts';
import type { LoadedConfig, SluiceConfig } from '../shared/config/types.ts';
import type { Route } from '../shared/http/router.ts';
import type { FunctionBundle } from './build.ts';
import { describeFirestore, type FirestoreNeeds } from './firestore-needs.ts';

/** What the cloud has to have for a configuration to run; `infra/` reads it. */
export interface Infrastructure {
  readonly auth_mode: AuthMode;
  readonly functions: Readonly<Record<string, FunctionNeeds>>;
  /** Proxies before the functions that the configuration counts on; null where it leaves that to the deployment. */
  readonly forwarded_hops: number | null;
  /** Secrets by name, whoever reads them. */
  readonly secrets: readonly string[];
  /** Variables of the file without a default: no function starts without them. */
  readonly variables: readonly string[];
  /** An agent or the embeddings count on the Ollama that a deployment may bring along. */
  readonly needs_ollama: boolean;
  readonly firestore: FirestoreNeeds;
}

export interface FunctionNeeds {
  /** Name under which the functions framework finds it. */
  readonly entry_point: string;
  readonly trigger: 'http' | 'firestore';
  /** Paths for a load balancer; empty where another function has them. */
  readonly paths: readonly string[];
  readonly secrets: readonly string[];
  readonly firestore: boolean;
  readonly vertexai: boolean;
  /** Calls the Ollama that a deployment may bring along. */
  readonly ollama: boolean;
}

type Routes = (app: App) => readonly Route<unknown>[];

interface FunctionWork {
  /** Absent for a function that events call. */
  readonly routes?: Routes;
  /** A load balancer sends its paths to it. */
  readonly hasOwnPaths?: boolean;
  readonly does: readonly Work[];
}

/** The functions of a deployment, with what each of them does. */
const FUNCTIONS: Readonly<Record<FunctionBundle, FunctionWork>> = {
  chat: { routes: chatRoutes, hasOwnPaths: true, does: ['chat', 'embedding', 'vectors', 'answers'] },
  embed: { routes: embedRoutes, hasOwnPaths: true, does: ['embedding'] },
  ingest: { routes: ingestRoutes, hasOwnPaths: true, does: ['embedding', 'vectors', 'documents'] },
  search: { routes: searchRoutes, hasOwnPaths: true, does: ['embedding', 'vectors'] },
  'ingest-on-write': { does: ['embedding', 'vectors', 'documents'] },
  gateway: { routes: gatewayRoutes, does: ['chat', 'embedding', 'vectors', 'documents', 'answers'] },
};

type Work = 'chat' | 'embedding' | 'vectors' | 'documents' | 'answers';

/** Stands where the address of the deployed Ollama will be. */
const OLLAMA = 'https://ollama.example.com';
/** Stands for a variable whose value only the deployment knows; most settings are keys or addresses. */
const STAND_IN = 'https://stand-in.example.com';
const PROJECT = 'project';

/**
 * What a configuration needs when it runs on Cloud Run.
 *
 * @param options.environment values for variables of the file; one that is not here is stood in for by an address.
 * @throws AppError `configuration` when the file cannot be used.
 */
export function describeInfrastructure(
  text: string,
  { source, environment = {} }: { source: string; environment?: Environment },
): Infrastructure {
  const variables = listVariables(text);
  const { config } = loadForDeployment(text, { source, environment });
  const app = createApp(config, { log: () => {} });
  const functions = Object.fromEntries(
    Object.entries(FUNCTIONS).flatMap(([name, { routes, hasOwnPaths = false, does }]) => {
      // Without documents in Firestore there is nothing whose writes could start it.
      if (routes === undefined && config.ingestion.store !== 'firestore') return [];
      const needs: FunctionNeeds = {
        entry_point: name,
        trigger: routes === undefined ? 'firestore' : 'http',
        paths: hasOwnPaths && routes !== undefined ? toPathRules(routes(app)) : [],
        secrets: listSecrets(config, does, routes !== undefined),
        firestore: usesFirestore(config, does) || (routes !== undefined && config.auth.keysCollection !== undefined),
        vertexai: targetsOf(config, does).some(({ provider, apiKeys }) => provider === 'vertexai' && !apiKeys.length),
        ollama: targetsOf(config, does).some(({ endpoint }) => endpoint === OLLAMA),
      };
      return [[name, needs] as const];
    }),
  );
  return {
    auth_mode: config.auth.mode,
    functions,
    forwarded_hops: config.limits.forwardedHops ?? null,
    secrets: [...new Set(Object.values(functions).flatMap(({ secrets }) => secrets))].sort(),
    variables,
    needs_ollama: [...config.agents.flatMap(({ legs }) => legs), config.embeddings].some(
      (target) => target?.endpoint === OLLAMA,
    ),
    firestore: describeFirestore(config),
  };
}

/**
 * A configuration as it is on Cloud Run. Variables whose value only the deployment knows are stood in for.
 *
 * @throws AppError `configuration` when the file cannot be used.
 */
export function loadForDeployment(
  text: string,
  { source, environment = {} }: { source: string; environment?: Environment },
): LoadedConfig {
  return parseConfig(text, {
    source,
    environment: {
      ...Object.fromEntries(listVariables(text).map((name) => [name, environment[name] || STAND_IN])),
      OLLAMA_HOST: OLLAMA,
      GOOGLE_CLOUD_PROJECT: PROJECT,
      K_SERVICE: 'build',
    },
  });
}

/** Variables that a text names without a default, except what every deployment sets. */
function listVariables(text: string): string[] {
  const { missing } = interpolate(parseYaml(text, { merge: true, logLevel: 'silent' }).toJS(), {
    GOOGLE_CLOUD_PROJECT: PROJECT,
  });
  const provided = new Set<string>([...PROJECT_VARIABLES, 'OLLAMA_HOST']);
  return [...new Set([...missing.values()].flat())].filter((name) => !provided.has(name)).sort();
}

/** The secret that a variable of the file gets its value from, as `infra/requirements.tf` names it. */
export function secretOfVariable(name: string): string {
  return name.toLowerCase().replaceAll('_', '-');
}

interface Target {
  readonly provider: string;
  readonly apiKeys: readonly SecretValue[];
  readonly endpoint?: string;
}

/** The models that a function with this work calls. A caller that names another one has no claim to its being allowed. */
function targetsOf({ agents, embeddings }: SluiceConfig, does: readonly Work[]): Target[] {
  return [
    ...(does.includes('chat') ? agents.flatMap(({ legs }) => legs) : []),
    ...(does.includes('embedding') && embeddings !== undefined ? [embeddings] : []),
  ];
}

function listSecrets(config: SluiceConfig, does: readonly Work[], hasCallers: boolean): string[] {
  const { vectorstore, cache, tools, observability, auth, embeddings } = config;
  const values: (SecretValue | undefined)[] = [
    ...targetsOf(config, does).flatMap(({ apiKeys }) => apiKeys),
    ...(does.includes('chat') ? tools.flatMap(({ headers }) => Object.values(headers)) : []),
    ...(does.includes('vectors') && vectorstore?.provider === 'qdrant' ? [vectorstore.apiKey] : []),
    ...(does.includes('vectors') && vectorstore?.provider === 'pgvector' ? [vectorstore.connectionString] : []),
    ...(does.includes('answers') || (does.includes('embedding') && embeddings?.cache) ? [cache?.url] : []),
    ...Object.values(observability.tracing?.headers ?? {}),
    observability.metrics.token,
    observability.langfuse?.publicKey,
    observability.langfuse?.secretKey,
  ];
  const names = values.flatMap((value) => (value !== undefined && 'secret' in value ? [value.secret] : []));
  const keys = hasCallers
    ? auth.keys.flatMap(({ credential }) => ('secret' in credential ? [credential.secret] : []))
    : [];
  return [...new Set([...names, ...keys].map(toSecretId).filter((name) => name !== undefined))].sort();
}

/** The name of a secret of this project; another project's secrets are granted there. */
function toSecretId(reference: string): string | undefined {
  const [, project, name] = /^projects\/([^/]+)\/secrets\/([^/]+)/.exec(reference) ?? [];
  return name === undefined ? reference : project === PROJECT ? name : undefined;
}

function usesFirestore(
  { observability, vectorstore, ingestion, cache, embeddings }: SluiceConfig,
  does: readonly Work[],
): boolean {
  return (
    // Every function writes down what its calls cost.
    observability.ledger === 'firestore' ||
    (does.includes('vectors') && vectorstore?.provider === 'firestore') ||
    (does.includes('documents') && ingestion.store === 'firestore') ||
    ((does.includes('answers') || embeddings?.cache === true) && cache?.provider === 'firestore')
  );
}

/** Path rules of a load balancer, which know a wildcard at the end alone. */
function toPathRules(routes: readonly Route<unknown>[]): string[] {
  return [...new Set(routes.map(({ path }) => path.replace(/:.*$/, '*')))].sort();
}

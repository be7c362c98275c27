import type { AuthConfig } from '../auth-types.ts';
import { chooseDefaultAgents, type LocalOllama } from '../development-defaults.ts';
import { BUILT_IN_TOOLS, type RecordStoreName } from '../names.ts';
import { deepFreeze, defined } from '../objects.ts';
import type { ConfigDocument } from '../schema/document.ts';
import type { EmbeddingsConfig, LoadedConfig, SluiceConfig, VectorStoreConfig } from '../types.ts';
import { normalizeAgents } from './agents.ts';
import { normalizeAuth } from './auth.ts';
import { normalizeCache } from './cache.ts';
import type { NormalizeContext } from './context.ts';
import { LOCAL_EMBEDDING_DIMENSIONS, normalizeEmbeddings } from './embeddings.ts';
import { normalizeIngestion } from './ingestion.ts';
import { normalizeLimits } from './limits.ts';
import { normalizeModelServices } from './model-services.ts';
import { normalizeObservability } from './observability.ts';
import { normalizePrices } from './prices.ts';
import { normalizeProviders } from './providers.ts';
import { normalizeRetrieval } from './retrieval.ts';
import { normalizeRouting } from './routing.ts';
import { localOnlyFault } from './target.ts';
import { normalizeTools } from './tools.ts';
import { normalizeVectorStore } from './vectorstore.ts';

export interface DocumentScope {
  readonly source: string;
  readonly document: ConfigDocument;
  /** Blocks that are written but wrong. They get no default, and nothing is checked against them. */
  readonly invalid: ReadonlySet<string>;
  /** There is no file at all. */
  readonly defaults: boolean;
  readonly ollama?: LocalOllama | undefined;
  readonly nowMs: number;
}

/** The configuration of a document. Problems are recorded in the context; the result counts only when there are none. */
export function normalizeDocument(scope: DocumentScope, context: NormalizeContext): LoadedConfig {
  const { document, invalid, nowMs } = scope;
  const { problems, cloudRun, production, project } = context;
  const choices: string[] = [];
  const localOnly = document.privacy?.mode === 'local_only';

  const services = normalizeModelServices(document.model_services ?? [], context);
  const tools = normalizeTools(document.tools, context);
  const agentInputs =
    invalid.has('agents') || invalid.has('model_services') ? [] : chooseAgents(scope, context, choices);
  const agents = normalizeAgents(
    agentInputs,
    {
      services,
      tools: invalid.has('tools') ? undefined : [...BUILT_IN_TOOLS, ...tools.map(({ name }) => name)],
      localOnly,
    },
    context,
  );
  const auth = normalizeAuth(invalid.has('auth') ? { mode: 'iam' } : document.auth, context, nowMs);
  const embeddings = chooseEmbeddings({ scope, localOnly, choices, context });
  const tenancy = mayHaveTenants(auth);
  const vectorstore = chooseVectorStore({ scope, embeddings, tenancy, choices, context });
  const recordStore: RecordStoreName = cloudRun || vectorstore?.provider === 'firestore' ? 'firestore' : 'memory';
  if (scope.defaults) choices.push(`auth ${auth.mode}: every request is let in, for development`);

  const config: SluiceConfig = defined({
    source: scope.source,
    production,
    project,
    strict: document.strict ?? false,
    agents,
    modelServices: [...services.byName.values()].filter(
      (service) => !localOnly || localOnlyFault(service, service.model) === undefined,
    ),
    providers: normalizeProviders({ agents, localOnly }, context),
    embeddings,
    vectorstore,
    observability: normalizeObservability(document.observability, recordStore, context),
    auth,
    cache: normalizeCache(document.cache, context),
    limits: normalizeLimits(document.limits, context),
    ingestion: normalizeIngestion(document.ingestion, recordStore, context),
    retrieval: normalizeRetrieval(document.retrieval, {
      topK: vectorstore?.defaultTopK ?? 10,
    }),
    privacy: { mode: document.privacy?.mode ?? 'any' },
    routing: normalizeRouting(
      document.routing,
      invalid.has('agents') ? undefined : agentInputs.map(({ name }) => name),
      context,
    ),
    prices: normalizePrices(document.prices),
    tools,
    playground: document.playground ?? !production,
    warnings: problems.warnings,
  });
  return deepFreeze({ config, choices });
}

function chooseAgents({ document, ollama }: DocumentScope, context: NormalizeContext, choices: string[]) {
  if (document.agents !== undefined) return document.agents;
  if (context.cloudRun) {
    context.problems.warn('agents', 'none are written; requests must name a provider and model themselves');
    return [];
  }
  const chosen = chooseDefaultAgents(context.environment, ollama);
  choices.push(...chosen.choices);
  return chosen.agents;
}

function chooseEmbeddings({
  scope: { document, invalid },
  localOnly,
  choices,
  context,
}: {
  scope: DocumentScope;
  localOnly: boolean;
  choices: string[];
  context: NormalizeContext;
}): EmbeddingsConfig | undefined {
  if (invalid.has('embeddings')) return undefined;
  const storeDimensions = document.vectorstore?.embedding_dimensions;
  if (document.embeddings !== undefined) {
    return normalizeEmbeddings(document.embeddings, { storeDimensions, localOnly }, context);
  }
  if (context.cloudRun) return undefined;
  choices.push(
    `embeddings local, ${storeDimensions ?? LOCAL_EMBEDDING_DIMENSIONS} dimensions: no embeddings are configured; compares words, not meaning`,
  );
  return normalizeEmbeddings({ provider: 'local' }, { storeDimensions, localOnly }, context);
}

function chooseVectorStore({
  scope: { document, invalid },
  embeddings,
  tenancy,
  choices,
  context,
}: {
  scope: DocumentScope;
  embeddings: EmbeddingsConfig | undefined;
  tenancy: boolean;
  choices: string[];
  context: NormalizeContext;
}): VectorStoreConfig | undefined {
  if (invalid.has('vectorstore')) return undefined;
  if (document.vectorstore !== undefined) {
    return normalizeVectorStore(document.vectorstore, { embeddings, tenancy }, context);
  }
  if (context.cloudRun) return undefined;
  choices.push('vector store memory: none is configured; documents are gone when the process ends');
  return normalizeVectorStore({ provider: 'memory' }, { embeddings, tenancy }, context);
}

/** Whether a caller may belong to a tenant; of keys in a store nobody can tell beforehand. */
function mayHaveTenants({ keys, keysCollection, iam }: AuthConfig): boolean {
  const known = [...keys, ...(iam?.identities ?? [])];
  return (
    keysCollection !== undefined || iam?.tenantFrom !== undefined || known.some(({ tenant }) => tenant !== undefined)
  );
}

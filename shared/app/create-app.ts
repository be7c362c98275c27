import type { Environment } from '../config/environment.ts';
import type { FunctionName } from '../config/names.ts';
import type { SluiceConfig } from '../config/types.ts';
import { toAppError } from '../contracts/app-error.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import type { UsageLedger } from '../contracts/usage-ledger.ts';
import type { RequestContext, RequestOutcome } from '../http/define-handler.ts';
import { createIngestion } from '../rag/ingest.ts';
import { createRetriever } from '../rag/retrieve.ts';
import { resolveModel } from '../routing/resolve-model.ts';
import { createEnvironmentSecrets } from '../secrets/environment-secrets.ts';
import { createAccessTokenSource } from '../security/access-token.ts';
import { createApiKeyCheck } from '../security/api-keys.ts';
import { createHttpClient } from '../security/http-fetch.ts';
import { createLog, describeError, type Log } from '../telemetry/log.ts';
import { createCatalogue } from '../usage/catalogue.ts';
import { createMemoryUsageLedger } from '../usage/memory-ledger.ts';
import { createBackends } from './backends.ts';
import { assertFunctionAllowed, type Caller } from './caller.ts';
import { createChatRetrieval } from './chat-retrieval.ts';
import { type ChatService, createChatService } from './chat-service.ts';
import { createCostMeter } from './cost-meter.ts';
import { createCredentials } from './credentials.ts';
import { createDocumentsService, type DocumentsService } from './documents-service.ts';
import { createEmbeddingsService, type EmbeddingsService } from './embeddings-service.ts';
import { createLazy } from './lazy.ts';
import { createLegRunner } from './leg-runner.ts';
import { createModelsService, type ModelsService } from './models-service.ts';
import { createSearchService, type SearchService } from './search-service.ts';
import { listUnusedSettings } from './unused-settings.ts';

/** Everything the functions call. Made without a connection and without loading an SDK. */
export interface App {
  readonly config: SluiceConfig;
  readonly chat: ChatService;
  readonly embeddings: Pick<EmbeddingsService, 'create'>;
  readonly documents: DocumentsService;
  readonly search: SearchService;
  readonly models: ModelsService;
  readonly ledger: UsageLedger;
  /** Who is calling. @throws AppError `authentication` or `permission`. */
  authenticate(context: Pick<RequestContext, 'header'>, name: FunctionName): Promise<Caller>;
  /** What keeps the service from doing its work, one line each; empty when it is ready. */
  readiness(): Promise<string[]>;
  logOutcome(name: string, outcome: RequestOutcome): void;
  close(): Promise<void>;
}

/** What a test or an embedding program puts in place of the real thing. */
export interface AppOptions {
  readonly environment?: Environment;
  readonly fetch?: HttpFetch;
  readonly log?: Log;
  readonly secrets?: SecretSource;
  readonly accessToken?: () => Promise<string>;
  readonly now?: () => number;
}

/** The composition root: the configuration's parts, put together. */
export function createApp(config: SluiceConfig, options: AppOptions = {}): App {
  const { environment = {}, log = createLog(), now = Date.now } = options;
  const client = options.fetch ? undefined : createHttpClient();
  const fetch = options.fetch ?? (client as { readonly fetch: HttpFetch }).fetch;
  const secrets = options.secrets ?? createEnvironmentSecrets({ environment });
  const credentials = createCredentials({
    secrets,
    accessTokens: options.accessToken ? { get: options.accessToken, drop: () => {} } : createAccessTokenSource(),
  });
  for (const warning of [...config.warnings, ...listUnusedSettings(config)]) log('WARNING', warning);
  const backends = createBackends({ config, environment, credentials, fetch });
  const catalogue = createCatalogue({ overrides: config.prices });
  const meter = createCostMeter(catalogue);
  const ledger = createMemoryUsageLedger({ now });
  const embeddings = createEmbeddingsService({ config, backends, ledger, meter });

  const retriever = createLazy(async () =>
    createRetriever({ embedder: await embeddings.configured.get(), vectorStore: await backends.vectorStore.get() }),
  );
  const ingestion = createLazy(async () =>
    createIngestion({
      embedder: await embeddings.configured.get(),
      vectorStore: await backends.vectorStore.get(),
      documentStore: await backends.documentStore.get(),
      chunking: {
        mode: config.ingestion.mode,
        size: config.ingestion.chunkSize,
        overlap: config.ingestion.chunkOverlap,
      },
      now,
    }),
  );
  const checkKey = createApiKeyCheck({
    keys: config.auth.keys,
    readSecret: (reference) => secrets.get(reference),
    now,
  });

  return {
    config,
    ledger,
    embeddings,
    models: createModelsService(config, catalogue, new Date(now())),
    documents: createDocumentsService({ config, ingestion, meter }),
    search: createSearchService({ config, retriever, meter }),
    chat: createChatService({
      config,
      resolve: (model) =>
        resolveModel(config, model, (name) => catalogue.findByName(name).map(({ provider }) => provider)),
      runLegs: createLegRunner({ config, provider: backends.provider, credentials, catalogue, fetch, log }),
      retrieval: createChatRetrieval(config, retriever),
      ledger,
      meter,
      log,
    }),

    async authenticate(context, name) {
      if (config.auth.mode !== 'api_key') return { tenant: null };
      const key = await checkKey(context.header('authorization'), context.header('x-api-key'));
      const caller: Caller = {
        tenant: key.tenant ?? null,
        key: key.name,
        ...(key.models === undefined ? {} : { models: key.models }),
        ...(key.functions === undefined ? {} : { functions: key.functions }),
      };
      assertFunctionAllowed(caller, name);
      return caller;
    },

    async readiness() {
      const checks = config.vectorstore ? [async () => (await backends.vectorStore.get()).ready()] : [];
      const results = await Promise.allSettled(checks.map((check) => check()));
      return results.flatMap((result) => {
        if (result.status === 'fulfilled') return [];
        log('ERROR', 'not ready', { error: describeError(result.reason) });
        return [`The vector store is not usable (${toAppError(result.reason).code}).`];
      });
    },

    logOutcome(name, { context, method, status, latencyMs, error }) {
      if (context.route === '/health' && status === 200) return;
      log(status >= 500 && status !== 499 ? 'ERROR' : 'INFO', `${method} ${context.route} ${status}`, {
        function: name,
        request_id: context.requestId,
        status,
        latency_seconds: Math.round(latencyMs) / 1000,
        ...context.facts,
        ...(error === undefined ? {} : { code: error.code, param: error.param, error: describeError(error) }),
      });
    },

    async close() {
      await Promise.all([backends.close(), secrets.close(), ledger.close()]);
      await client?.close();
    },
  };
}

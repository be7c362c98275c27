import { type Environment, isCloudRun, logLevel } from '../config/environment.ts';
import type { FunctionName } from '../config/names.ts';
import { defined } from '../config/objects.ts';
import type { SluiceConfig } from '../config/types.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import type { UsageLedger } from '../contracts/usage-ledger.ts';
import type { CallerRequest } from '../http/caller-request.ts';
import { createSecrets } from '../secrets/create-secrets.ts';
import { createAccessTokenSource } from '../security/access-token.ts';
import { createApiKeyCheck } from '../security/api-keys.ts';
import { createIdTokenSource, type IdTokenSource } from '../security/id-token.ts';
import type { TokenVerifier } from '../security/signed-token.ts';
import type { Call } from '../telemetry/call.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createCatalogue } from '../usage/catalogue.ts';
import { createAccounting } from './accounting/accounting.ts';
import type { UsageService } from './accounting/usage-service.ts';
import { createAdmission } from './auth/admission.ts';
import { createGate } from './auth/gate.ts';
import { createStoredKeys } from './auth/stored-keys.ts';
import { createBackends } from './backends.ts';
import type { Caller } from './caller.ts';
import type { ChatService } from './chat/chat-service.ts';
import { createCredentials } from './credentials.ts';
import type { DocumentsService } from './documents/documents-service.ts';
import type { EmbeddingsService } from './embeddings/embeddings-service.ts';
import { createLazy, type Lazy } from './lazy.ts';
import type { ModelsService } from './models-service.ts';
import type { MetricsService } from './observation/metrics-service.ts';
import { createObservation, type Observation } from './observation/observation.ts';
import { createOutgoing } from './outgoing.ts';
import type { Readiness } from './readiness.ts';
import type { SearchService } from './search/search-service.ts';

/**
 * Everything the functions call. Made without a connection and without loading an SDK. A function does not do what the
 * others do: each service is loaded with its first request.
 */
export interface App {
  readonly config: SluiceConfig;
  readonly chat: Lazy<ChatService>;
  readonly embeddings: Lazy<Pick<EmbeddingsService, 'create'>>;
  readonly documents: Lazy<DocumentsService>;
  readonly search: Lazy<SearchService>;
  readonly models: Lazy<ModelsService>;
  readonly usage: Lazy<UsageService>;
  readonly ledger: UsageLedger;
  /**
   * Who is calling. Asked and counted once for a request, however often this is called for it.
   * @param name the function that is called; undefined for what belongs to none.
   * @throws AppError `authentication`, `permission`, or `rate_limit` for one that comes too often; `server_error` or
   * `network` while credentials cannot be checked.
   */
  authenticate(request: CallerRequest & { readonly call?: Call }, name?: FunctionName): Promise<Caller>;
  readonly readiness: Lazy<Readiness>;
  readonly metrics: Lazy<MetricsService>;
  /** Log, metrics and traces of what the service does. */
  readonly observation: Observation;
  close(): Promise<void>;
}

/** What a test or an embedding program puts in place of the real thing. */
export interface AppOptions {
  readonly environment?: Environment;
  readonly fetch?: HttpFetch;
  readonly log?: Log;
  readonly secrets?: SecretSource;
  readonly accessToken?: () => Promise<string>;
  readonly idTokens?: IdTokenSource;
  /** Checks the tokens of callers in mode `iam`. */
  readonly tokenVerifier?: TokenVerifier;
  /** Milliseconds since the epoch, for days, lifetimes and times of day. */
  readonly now?: () => number;
  /** Milliseconds of a clock that only goes forward, for the policies around legs and for deadlines. */
  readonly monotonicNow?: () => number;
  /** How those policies wait: resolves after the time, rejects when the signal is aborted. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1): jitter, and the draw of the strategy `weighted`. */
  readonly random?: () => number;
  /** Takes the place of the configured ledger. */
  readonly ledger?: UsageLedger;
}

/** The composition root: the configuration's parts, put together. */
export function createApp(config: SluiceConfig, options: AppOptions = {}): App {
  const { environment = {}, log = createLog({ minimum: logLevel(environment) }), now = Date.now } = options;
  for (const warning of config.warnings) log('WARNING', warning);
  const startedAt = new Date(now());
  const catalogue = createCatalogue({ overrides: config.prices });
  const observation = createObservation({
    config,
    catalogue,
    log,
    outgoing: () => outgoing,
    credentials: () => credentials,
  });
  const { telemetry } = observation;
  const outgoing = createOutgoing({ production: config.production, telemetry, fetch: options.fetch });
  const secrets = options.secrets ?? createSecrets({ environment, projectId: config.project });
  const credentials = createCredentials({
    secrets,
    accessTokens: options.accessToken ? { get: options.accessToken, drop: () => {} } : createAccessTokenSource(),
    idTokens: options.idTokens ?? createIdTokenSource(),
  });
  const made = createBackends({ config, environment, credentials, outgoing, log, telemetry, now });
  const given = options.ledger;
  const backends = given === undefined ? made : { ...made, usageLedger: createLazy(async () => given) };
  const time = defined({ now: options.monotonicNow, sleep: options.sleep, random: options.random });
  const accounting = createAccounting({
    config,
    backends,
    catalogue,
    log,
    telemetry,
    now,
    monotonicNow: options.monotonicNow,
  });
  const { ledger, meter, embeddings: usage } = accounting;
  const embeddings = createLazy(async () => {
    const { createEmbeddingsService } = await import('./embeddings/embeddings-service.ts');
    return createEmbeddingsService({ config, backends, usage });
  });

  const retriever = createLazy(async () => {
    const { createRetriever } = await import('../rag/retrieve.ts');
    return createRetriever({
      embedder: await (await embeddings.get()).configured.get(),
      vectorStore: await backends.vectorStore.get(),
      fusion: { method: config.embeddings?.provider === 'local' ? 'convex' : 'rrf' },
      paidReads: config.vectorstore?.provider === 'firestore',
    });
  });
  const ingestion = createLazy(async () => {
    const { createIngestion } = await import('../rag/ingest.ts');
    return createIngestion({
      embedder: await (await embeddings.get()).configured.get(),
      vectorStore: await backends.vectorStore.get(),
      documentStore: await backends.documentStore.get(),
      chunking: {
        mode: config.ingestion.mode,
        size: config.ingestion.chunkSize,
        overlap: config.ingestion.chunkOverlap,
      },
      now,
    });
  });
  const checkKey = createApiKeyCheck({
    keys: config.auth.keys,
    readSecret: (reference) => secrets.get(reference),
    ...(config.auth.keysCollection === undefined
      ? {}
      : { findStored: createStoredKeys({ store: backends.keyStore.get, log, now }) }),
    now,
  });
  const identities = createLazy(async () => {
    const { createIdentityCheck } = await import('../security/identity.ts');
    return createIdentityCheck({
      cloudRun: isCloudRun(environment),
      iapAudiences: config.auth.iam?.iapAudiences ?? [],
      now,
      ...(options.tokenVerifier === undefined ? {} : { verifier: options.tokenVerifier }),
    });
  });
  const gate = createGate({
    mode: config.auth.mode,
    iam: config.auth.iam,
    checkKey,
    checkIdentity: async (header) => await (await identities.get())(header),
    admission: createAdmission({
      config,
      ...(options.monotonicNow === undefined ? {} : { now: options.monotonicNow }),
    }),
  });
  const reactAgents = createLazy(async () => {
    const { createReactAgents } = await import('./react/react-agents.ts');
    const fetchFor = outgoing.fetchForTool;
    return createReactAgents({ config, retriever, usage, fetchFor, credentials, log, telemetry });
  });

  return {
    config,
    ledger,
    embeddings,
    models: createLazy(async () => {
      const { createModelsService } = await import('./models-service.ts');
      return createModelsService(config, catalogue, startedAt);
    }),
    documents: createLazy(async () => {
      const { createDocumentsService } = await import('./documents/documents-service.ts');
      return createDocumentsService({ config, ingestion, meter, usage, telemetry });
    }),
    search: createLazy(async () => {
      const { makeSearch } = await import('./search/make-search.ts');
      return makeSearch({ config, retriever, usage, vectorStore: backends.vectorStore });
    }),
    usage: createLazy(async () => {
      const { createUsageService } = await import('./accounting/usage-service.ts');
      return createUsageService({ config, ledger, now });
    }),
    chat: createLazy(async () => {
      const { makeChat } = await import('./chat/make-chat.ts');
      return makeChat({
        config,
        backends,
        credentials,
        catalogue,
        outgoing,
        accounting,
        embeddings,
        retriever,
        reactAgents,
        log,
        telemetry,
        now,
        time,
      });
    }),
    observation,
    metrics: createLazy(async () => {
      const { createMetricsService } = await import('./observation/metrics-service.ts');
      return createMetricsService({ config, metrics: observation.metrics, credentials });
    }),
    readiness: createLazy(async () => {
      const { createReadiness } = await import('./readiness.ts');
      return createReadiness({ config, backends, credentials, log, ...time });
    }),

    async authenticate(request, name) {
      const { key, tenant } = await gate.admit(request);
      if (request.call) Object.assign(request.call.facts, { key, tenant });
      return await gate.authenticate(request, name);
    },

    async close() {
      // The ledger and the exporter send what they still hold before their connections go.
      await Promise.all([accounting.close(), observation.close()]);
      await Promise.all([backends.close(), secrets.close(), outgoing.close()]);
    },
  };
}

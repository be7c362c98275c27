import { type Environment, isCloudRun, logLevel } from '../config/environment.ts';
import type { FunctionName } from '../config/names.ts';
import { defined } from '../config/objects.ts';
import type { SluiceConfig } from '../config/types.ts';
import type { HttpFetch } from '../contracts/http-fetch.ts';
import type { SecretSource } from '../contracts/secret-source.ts';
import type { UsageLedger } from '../contracts/usage-ledger.ts';
import type { CallerRequest } from '../http/caller-request.ts';
import { resolveModel } from '../routing/resolve-model.ts';
import { createSecrets } from '../secrets/create-secrets.ts';
import { createAccessTokenSource } from '../security/access-token.ts';
import { createApiKeyCheck } from '../security/api-keys.ts';
import { createIdTokenSource, type IdTokenSource } from '../security/id-token.ts';
import { createIdentityCheck } from '../security/identity.ts';
import type { TokenVerifier } from '../security/signed-token.ts';
import type { Call } from '../telemetry/call.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createCatalogue } from '../usage/catalogue.ts';
import { createAccounting } from './accounting.ts';
import { createAnswers } from './answers.ts';
import { createAdmission } from './auth/admission.ts';
import { createGate } from './auth/gate.ts';
import { createStoredKeys } from './auth/stored-keys.ts';
import { createBackends } from './backends.ts';
import type { Caller } from './caller.ts';
import { createChatRetrieval } from './chat-retrieval.ts';
import { type ChatService, createChatService } from './chat-service.ts';
import { createCredentials } from './credentials.ts';
import { createDocumentsService, type DocumentsService } from './documents-service.ts';
import { createEmbeddingsService, type EmbeddingsService } from './embeddings-service.ts';
import { createLazy } from './lazy.ts';
import { createLegPolicies } from './leg-policies.ts';
import { createLegRunner } from './leg-runner.ts';
import { createMetricsService, type MetricsService } from './metrics-service.ts';
import { createModelsService, type ModelsService } from './models-service.ts';
import { createObservation, type Observation } from './observation.ts';
import { createOutgoing } from './outgoing.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import { createReadEstimate } from './search-reads.ts';
import { createSearchService, type SearchService } from './search-service.ts';
import { createUsageService, type UsageService } from './usage-service.ts';

/** Everything the functions call. Made without a connection and without loading an SDK. */
export interface App {
  readonly config: SluiceConfig;
  readonly chat: ChatService;
  readonly embeddings: Pick<EmbeddingsService, 'create'>;
  readonly documents: DocumentsService;
  readonly search: SearchService;
  readonly models: ModelsService;
  readonly usage: UsageService;
  readonly ledger: UsageLedger;
  /**
   * Who is calling. Asked and counted once for a request, however often this is called for it.
   * @param name the function that is called; undefined for what belongs to none.
   * @throws AppError `authentication`, `permission`, or `rate_limit` for one that comes too often; `server_error` or
   * `network` while credentials cannot be checked.
   */
  authenticate(request: CallerRequest & { readonly call?: Call }, name?: FunctionName): Promise<Caller>;
  readonly readiness: Readiness;
  readonly metrics: MetricsService;
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
  const { ledger, budget, meter, embeddings: usage } = accounting;
  const embeddings = createEmbeddingsService({ config, backends, usage });

  const retriever = createLazy(async () => {
    const { createRetriever } = await import('../rag/retrieve.ts');
    return createRetriever({
      embedder: await embeddings.configured.get(),
      vectorStore: await backends.vectorStore.get(),
      fusion: { method: config.embeddings?.provider === 'local' ? 'convex' : 'rrf' },
      paidReads: config.vectorstore?.provider === 'firestore',
    });
  });
  const ingestion = createLazy(async () => {
    const { createIngestion } = await import('../rag/ingest.ts');
    return createIngestion({
      embedder: await embeddings.configured.get(),
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
  const gate = createGate({
    mode: config.auth.mode,
    iam: config.auth.iam,
    checkKey,
    checkIdentity: createIdentityCheck({
      cloudRun: isCloudRun(environment),
      iapAudiences: config.auth.iam?.iapAudiences ?? [],
      now,
      ...(options.tokenVerifier === undefined ? {} : { verifier: options.tokenVerifier }),
    }),
    admission: createAdmission({
      config,
      ...(options.monotonicNow === undefined ? {} : { now: options.monotonicNow }),
    }),
  });
  const answers = createAnswers({ config, backends, embeddings, usage, log, now });

  return {
    config,
    ledger,
    embeddings,
    models: createModelsService(config, catalogue, new Date(now())),
    documents: createDocumentsService({ config, ingestion, meter, usage, telemetry }),
    search: createSearchService({
      config,
      retriever,
      usage,
      ...(config.vectorstore?.provider === 'firestore'
        ? { reads: createReadEstimate({ count: async (scope) => (await backends.vectorStore.get()).count(scope) }) }
        : {}),
    }),
    usage: createUsageService({ config, ledger, now }),
    chat: createChatService({
      config,
      resolve: (model) =>
        resolveModel(config, model, (name) => catalogue.findByName(name).map(({ provider }) => provider)),
      runLegs: createLegRunner({
        config,
        provider: backends.provider,
        credentials,
        catalogue,
        fetchFor: outgoing.fetchForLeg,
        fetchPublic: outgoing.fetchPublic,
        policies: createLegPolicies(telemetry, time),
        telemetry,
        ...time,
      }),
      retrieval: createChatRetrieval({ config, retriever, usage }),
      reactAgents: createLazy(async () => {
        const { createReactAgents } = await import('./react/react-agents.ts');
        const fetchFor = outgoing.fetchForTool;
        return createReactAgents({ config, retriever, usage, fetchFor, credentials, log, telemetry });
      }),
      ...(answers === undefined ? {} : { answers }),
      budget,
      meter,
      log,
      telemetry,
      ...time,
    }),
    observation,
    metrics: createMetricsService({ config, metrics: observation.metrics, credentials }),
    readiness: createReadiness({ config, backends, credentials, log, ...time }),

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

import type { SluiceConfig } from '../../config/types.ts';
import { resolveModel } from '../../routing/resolve-model.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import type { Accounting } from '../accounting/accounting.ts';
import type { Backends } from '../backends.ts';
import { makeAnswerCache } from '../cache/make-answer-cache.ts';
import type { Credentials } from '../credentials.ts';
import type { EmbeddingsService } from '../embeddings/embeddings-service.ts';
import type { Lazy } from '../lazy.ts';
import { createLegPolicies, type PolicyTime } from '../legs/leg-policies.ts';
import { createLegRunner } from '../legs/leg-runner.ts';
import type { Outgoing } from '../outgoing.ts';
import { createChatRetrieval } from './chat-retrieval.ts';
import { type ChatService, createChatService } from './chat-service.ts';
import type { PreparationOptions } from './prepare-chat.ts';

export interface ChatParts extends Pick<PreparationOptions, 'reactAgents'> {
  readonly config: SluiceConfig;
  readonly backends: Backends;
  readonly credentials: Credentials;
  readonly catalogue: ModelCatalogue;
  readonly outgoing: Outgoing;
  readonly accounting: Pick<Accounting, 'budget' | 'meter' | 'embeddings'>;
  readonly embeddings: Lazy<EmbeddingsService>;
  readonly retriever: Parameters<typeof createChatRetrieval>[0]['retriever'];
  readonly log: Log;
  readonly telemetry: Telemetry;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Time and chance as the policies around legs see them. */
  readonly time: PolicyTime & { readonly random?: () => number };
}

/** The chat service with its cascade, its policies, retrieval and cache. */
export function makeChat(parts: ChatParts): ChatService {
  const { config, backends, credentials, catalogue, outgoing, accounting, log, telemetry, now, time } = parts;
  const { budget, meter, embeddings: usage } = accounting;
  const answerCache = makeAnswerCache({ config, backends, embeddings: parts.embeddings, usage, log, now });
  return createChatService({
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
    retrieval: createChatRetrieval({ config, retriever: parts.retriever, usage }),
    reactAgents: parts.reactAgents,
    ...(answerCache === undefined ? {} : { answerCache }),
    budget,
    meter,
    catalogue,
    log,
    telemetry,
    ...time,
  });
}

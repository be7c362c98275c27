import type { AgentConfig, LegConfig } from '../../config/types.ts';
import type { ChatMessage, ChatRequest } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import { measurePrompt } from '../../routing/prompt-size.ts';
import type { ModelCatalogue } from '../../usage/catalogue.ts';
import { estimateTokens, SURELY_WITHIN } from '../../usage/tokens.ts';
import { windowOf } from '../legs/leg-window.ts';
import { withLegDefaults } from './chat-request.ts';
import type { RetrievedContext } from './chat-retrieval.ts';

/**
 * Fits the retrieved passages of a request to each leg: as many as its model has room for beside the rest of the prompt
 * and the answer.
 */
export interface ContextFit {
  /** The request as the leg is sent it. Passages of the lowest rank are left out first; the best one never is. */
  requestFor(request: ChatRequest, leg: LegConfig): ChatRequest;
  /** The passages that the model of this name was sent with the request. */
  citationsFor(request: ChatRequest, model: { readonly provider: string; readonly model: string }): readonly Citation[];
}

export interface ContextFitOptions {
  readonly context: RetrievedContext;
  readonly legs: readonly LegConfig[];
  readonly agent?: AgentConfig | undefined;
  readonly catalogue: Pick<ModelCatalogue, 'find'>;
}

type Packed = Pick<RetrievedContext, 'message' | 'citations'>;

/** Tokens of passages for a model whose context window is not known. */
const UNKNOWN_WINDOW_TOKENS = 6_000;
/** The context window that Ollama loads a model with when it is not told one, in tokens. */
const OLLAMA_WINDOW = 4_096;
/** Share of the window that is left for an answer of unknown length, or less where the model's answers are shorter. */
const ANSWER_SHARE = 1 / 4;

export function createContextFit({ context, legs, agent, catalogue }: ContextFitOptions): ContextFit {
  const contextTokens = estimateTokens(context.message);

  /** Estimated tokens that the passages may take. */
  const roomIn = (request: ChatRequest, leg: LegConfig): number => {
    const window = windowOf(leg, catalogue) ?? (leg.provider === 'ollama' ? OLLAMA_WINDOW : undefined);
    if (window === undefined) return UNKNOWN_WINDOW_TOKENS;
    const { max_completion_tokens, max_tokens } = withLegDefaults(request, leg, agent);
    const most = catalogue.find(leg.provider, leg.model)?.maxOutputTokens ?? Number.POSITIVE_INFINITY;
    const answer = max_completion_tokens ?? max_tokens ?? Math.min(most, window * ANSWER_SHARE);
    const others = measurePrompt(request).tokens - contextTokens;
    return Math.floor((window - answer) * SURELY_WITHIN) - others;
  };

  /** Asked for by each attempt at a leg, and once more to tell what was sent. */
  const packed = new WeakMap<ChatRequest, Map<LegConfig, Packed>>();
  const pack = (request: ChatRequest, leg: LegConfig): Packed => {
    const ofRequest = packed.get(request) ?? new Map<LegConfig, Packed>();
    packed.set(request, ofRequest);
    let known = ofRequest.get(leg);
    if (known === undefined) {
      const room = roomIn(request, leg);
      known = contextTokens <= room ? context : context.within(room);
      ofRequest.set(leg, known);
    }
    return known;
  };

  return {
    requestFor(request, leg) {
      const { message } = pack(request, leg);
      if (message === context.message) return request;
      const isContext = (one: ChatMessage): boolean => one.role === 'system' && one.content === context.message;
      const messages = request.messages.map(
        (one): ChatMessage => (isContext(one) ? { ...one, content: message } : one),
      );
      return { ...request, messages };
    },

    citationsFor(request, { provider, model }) {
      const leg = legs.find((one) => one.provider === provider && one.model === model);
      return leg === undefined ? context.citations : pack(request, leg).citations;
    },
  };
}

import type { ChatChoice, ChatCompletion, ChatRequest } from '../../contracts/chat-provider.ts';
import type { Route } from '../../routing/resolve-model.ts';
import { withLegDefaults } from '../chat/chat-request.ts';

/** Requests with one of these want what is on the web now. */
const LIVE_SEARCH = ['web_search_options', 'search_parameters'] as const;

/**
 * Whether an answer to the request may come from the cache and go into it. Not when it looks into the web, when its
 * agent acts through tools of its own, or when every leg would answer with a temperature above 0, which asks for
 * variety. A temperature that nobody set is the vendor's affair and does not keep an answer from being used again.
 */
export function isCacheableRequest(
  { route, request }: { readonly route: Route; readonly request: ChatRequest },
  { allowTemperature }: { readonly allowTemperature: boolean },
): boolean {
  const { agent, legs } = route;
  if (agent?.role === 'react' && agent.tools.length > 0) return false;
  if (LIVE_SEARCH.some((field) => (request as unknown as Record<string, unknown>)[field] !== undefined)) return false;
  if (request.tools?.some(({ type }) => (type as string) === 'google_search')) return false;
  return allowTemperature || legs.some((leg) => isSteady(withLegDefaults(request, leg, agent)));
}

/** Whether the temperature, of the request or of what answers it, asks for the same answer each time. */
export function isSteady({ temperature }: ChatRequest): boolean {
  return !(temperature !== undefined && temperature !== null && temperature > 0);
}

/**
 * Whether an answer may serve the next request: whole, and nothing but text. What was cut off, filtered or refused, what
 * calls a tool or is empty, and speech, which vendors let go of after an hour, is asked for again.
 */
export function isCacheableAnswer({ choices }: ChatCompletion): boolean {
  return choices.length > 0 && choices.every(isWholeText);
}

function isWholeText({ message, finish_reason }: ChatChoice): boolean {
  const hasCalls = (message.tool_calls?.length ?? 0) > 0 || Boolean(message.function_call);
  return finish_reason === 'stop' && !hasCalls && !message.refusal && !message.audio && Boolean(message.content);
}

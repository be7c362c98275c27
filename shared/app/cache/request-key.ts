import type { LegConfig } from '../../config/types.ts';
import type { ChatMessage, ChatRequest } from '../../contracts/chat-provider.ts';
import { readContext } from '../../contracts/context-format.ts';
import { sha256 } from '../../rag/document-key.ts';
import type { Route } from '../../routing/resolve-model.ts';

export interface CacheableRequest {
  readonly route: Route;
  /** As the legs are given it: the agent's prompt and what was retrieved are among its messages. */
  readonly request: ChatRequest;
  readonly tenant: string | null;
}

/** To be raised when keys or stored answers change their meaning: what older versions stored is then never found. */
const VERSION = 1;

/** Who asks, and how vendors file and bill it, changes nothing about an answer. */
const WITHOUT_INFLUENCE: ReadonlySet<string> = new Set([
  'user',
  'safety_identifier',
  'metadata',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
]);

/**
 * The key of a request's answer: SHA-256, hexadecimal, of everything that decides it: tenant, agent, legs (what they
 * call and with which settings, never their keys) and every field of the request that has an influence. The order of
 * an object's fields and of the legs does not count, that of lists does.
 */
export function keyOf(input: CacheableRequest): string {
  return sha256(toCanonicalJson(['answer', VERSION, toIdentity(input), input.request.messages.map(toKeyMessage)]));
}

/** The hash of everything that decides an answer besides the last message. */
export function keyOfSurroundings(input: CacheableRequest): string {
  const before = input.request.messages.slice(0, -1);
  return sha256(toCanonicalJson(['surroundings', VERSION, toIdentity(input), before.map(toKeyMessage)]));
}

function toIdentity({ route, request, tenant }: CacheableRequest): object {
  const fields = Object.entries(request).filter(([field]) => field !== 'messages' && !WITHOUT_INFLUENCE.has(field));
  const { agent } = route;
  return {
    tenant,
    agent: agent && { name: agent.name, role: agent.role, prompt: agent.prompt },
    // Strategies try the legs in changing orders.
    legs: route.legs.map((leg) => toCanonicalJson(toLegIdentity(leg))).sort(),
    request: Object.fromEntries(fields),
  };
}

function toLegIdentity({ provider, model, endpoint, project, location, temperature, maxTokens }: LegConfig): object {
  return { provider, model, endpoint, project, location, temperature, maxTokens };
}

/**
 * Retrieved passages are quoted between marks with a random token, which would make every request a new one. Cut out at
 * the token, equal passages are equal. Only tokens that can say nothing are cut out: what stands in a key must not be
 * replaceable by words.
 */
function toKeyMessage(message: ChatMessage): unknown {
  const { role, content } = message;
  if (role !== 'system' || typeof content !== 'string' || readContext(content) === undefined) return message;
  const token = /<passage-([0-9a-f]{8,64})>/.exec(content)?.[1];
  return token === undefined ? message : { ...message, content: content.split(token) };
}

/** JSON text in which an object's fields are sorted and fields without a value are left out. */
function toCanonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${toCanonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

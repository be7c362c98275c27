import type { ChatCall, ChatProvider } from '../contracts/chat-provider.ts';
import { listGeminiModels } from './gemini-list.ts';
import { toModelPath } from './gemini-model.ts';
import { completeGemini, GEMINI_CAPABILITIES, type GeminiTarget, streamGemini } from './gemini-transport.ts';

const ENDPOINT = 'https://generativelanguage.googleapis.com';

/**
 * The adapter for the Gemini API (https://ai.google.dev/api), typed by `@google/genai` and carried by our own transport.
 * The endpoint is the bare origin; the key goes in a header, never in the URL.
 */
export function createGeminiProvider(): ChatProvider {
  return {
    id: 'gemini',
    capabilities: GEMINI_CAPABILITIES,
    complete: async (call) => completeGemini(call, toTarget(call)),
    stream: async (call) => streamGemini(call, toTarget(call)),
    listModels: (call) => listGeminiModels(call, { url: `${toOrigin(call)}/v1beta/models`, headers: toHeaders(call) }),
  };
}

function toTarget(call: ChatCall): GeminiTarget {
  const path = toModelPath(call.model, 'gemini');
  return { backend: 'gemini', url: `${toOrigin(call)}/v1beta/${path}`, headers: toHeaders(call) };
}

function toHeaders({ credential }: Pick<ChatCall, 'credential'>): Record<string, string> {
  return credential === undefined ? {} : { 'x-goog-api-key': credential };
}

function toOrigin({ endpoint = ENDPOINT }: Pick<ChatCall, 'endpoint'>): string {
  return endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint;
}

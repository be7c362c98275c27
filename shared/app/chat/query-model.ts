import type { ChatRequest } from '../../contracts/chat-provider.ts';
import type { Complete } from '../../rag/expand-query.ts';
import type { ModelTurns } from './model-turns.ts';

/** The models of a request's own route, for a prompt of ours: under its budget, and counted with it. */
export function createQueryModel(turns: Pick<ModelTurns, 'complete'>, model: string): Complete {
  return async (prompt, signal) => {
    const request: ChatRequest = { model, messages: [{ role: 'user', content: prompt }] };
    const { result } = await turns.complete(request, signal);
    return result.result.completion.choices[0]?.message.content ?? '';
  };
}

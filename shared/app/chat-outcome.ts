import type { ChatResult } from '../contracts/chat-provider.ts';
import type { AnswerFacts } from '../http/dialects/answer-format.ts';
import type { CallFacts } from '../telemetry/call.ts';
import type { StoredAnswer } from './cache/stored-answer.ts';
import type { ChatInput, PreparedChat } from './prepare-chat.ts';
import type { ReactReport } from './react/react-types.ts';

/** Who answered, for the headers and the facts. */
export interface Answerer {
  readonly provider: string;
  readonly model: string;
  readonly dropped: readonly string[];
}

/** An answer, however it was come by. */
export interface Outcome {
  readonly result: ChatResult;
  readonly by: Answerer;
  readonly cached: boolean;
  readonly report?: ReactReport;
}

export function fromStored({ provider, model, dropped, completion }: StoredAnswer): Outcome {
  return { result: { completion }, by: { provider, model, dropped }, cached: true };
}

/** What the answer says about itself; the log line of the call gets the same facts. */
export function toFacts(
  { call }: ChatInput,
  { tally, citations, context, request, ticket }: PreparedChat,
  { by, cached, report }: Omit<Outcome, 'result'>,
  finishReason: string | undefined,
): AnswerFacts {
  const { attempts, costUsd, promptTokens, completionTokens } = tally.summary();
  const { provider, model } = by;
  Object.assign(call.facts, {
    provider,
    model,
    attempts: attempts.length,
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    cost_usd: costUsd,
    cache: cached ? 'hit' : ticket ? 'miss' : 'off',
    finish_reason: finishReason,
    ...(report === undefined ? {} : { steps: report.steps.length }),
  } satisfies CallFacts);
  // The turns of an agent may have been answered by several models.
  const put = report === undefined ? context?.citationsFor(request, by) : citations;
  const cited = [...(put ?? []), ...(report?.citations ?? [])];
  return {
    provider,
    model,
    attempts,
    cost_usd: costUsd,
    cached,
    ...(put === undefined && cited.length === 0 ? {} : { citations: cited }),
    ...(report === undefined ? {} : { steps: report.steps }),
  };
}

export function toAnswerHeaders({ provider, model, dropped }: Answerer): Readonly<Record<string, string>> {
  return {
    'x-sluice-provider': provider,
    // A header takes no other characters; model names of the guide's providers have none.
    'x-sluice-model': model.replace(/[^\x20-\x7e]/g, '?'),
    ...(dropped.length === 0 ? {} : { 'x-sluice-dropped-params': dropped.join(', ') }),
  };
}

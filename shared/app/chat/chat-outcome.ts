import type { LegConfig } from '../../config/types.ts';
import type { ChatResult } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import type { AnswerFacts } from '../../http/dialects/answer-format.ts';
import type { CallFacts } from '../../telemetry/call.ts';
import type { StoredAnswer } from '../cache/stored-answer.ts';
import type { Called } from '../legs/leg-run.ts';
import type { ReactReport } from '../react/react-types.ts';
import type { ChatInput, PreparedChat } from './prepare-chat.ts';

/** Who answered, for the headers and the facts. */
export interface Answerer {
  readonly provider: string;
  readonly model: string;
  readonly dropped: readonly string[];
}

/** An answer, whether a model, the cache or nobody at all was asked for it. */
export interface Outcome {
  readonly result: ChatResult;
  readonly by: Answerer;
  readonly cached: boolean;
  readonly report?: ReactReport;
}

export function fromStored({ provider, model, dropped, completion }: StoredAnswer): Outcome {
  return { result: { completion }, by: { provider, model, dropped }, cached: true };
}

/** Who answered a turn. */
export function answererOf({
  leg,
  result,
}: {
  readonly leg: Pick<LegConfig, 'provider' | 'model'>;
  readonly result: Pick<Called<unknown>, 'dropped'>;
}): Answerer {
  return { provider: leg.provider, model: leg.model, dropped: result.dropped };
}

/** Puts what the answer was into the facts of the call, for its log line, and gives what the answer says about itself. */
export function concludeChat(
  { call }: ChatInput,
  prepared: PreparedChat,
  outcome: Omit<Outcome, 'result'>,
  finishReason: string | undefined,
): AnswerFacts {
  const totals = prepared.tally.summary();
  const { by, cached, report } = outcome;
  Object.assign(call.facts, {
    provider: by.provider,
    model: by.model,
    attempts: totals.attempts.length,
    prompt_tokens: totals.promptTokens,
    completion_tokens: totals.completionTokens,
    cost_usd: totals.costUsd,
    cache: cached ? 'hit' : prepared.ticket ? 'miss' : 'off',
    finish_reason: finishReason,
    ...(report === undefined ? {} : { steps: report.steps.length }),
  } satisfies CallFacts);
  const citations = citationsOf(prepared, outcome);
  return {
    provider: by.provider,
    model: by.model,
    attempts: totals.attempts,
    cost_usd: totals.costUsd,
    cached,
    ...(citations === undefined ? {} : { citations }),
    ...(report === undefined ? {} : { steps: report.steps }),
  };
}

/** The passages that were put before the model, then those that its tools found; undefined where none were looked for. */
function citationsOf(
  { citations, context, request }: PreparedChat,
  { by, report }: Omit<Outcome, 'result'>,
): readonly Citation[] | undefined {
  // Each turn of an agent may be answered by another model, with room for more or fewer passages: so all are named.
  const inPrompt = report === undefined ? context?.citationsFor(request, by) : citations;
  const fromTools = report?.citations ?? [];
  return inPrompt === undefined && fromTools.length === 0 ? undefined : [...(inPrompt ?? []), ...fromTools];
}

export function toAnswerHeaders({ provider, model, dropped }: Answerer): Readonly<Record<string, string>> {
  return {
    'x-sluice-provider': provider,
    // A header takes printable ASCII alone.
    'x-sluice-model': model.replace(/[^\x20-\x7e]/g, '?'),
    ...(dropped.length === 0 ? {} : { 'x-sluice-dropped-params': dropped.join(', ') }),
  };
}

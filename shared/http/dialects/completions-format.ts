import {
  type ChatBatch,
  type ChatChunk,
  type ChatCompletion,
  type ChatResult,
  eventsOf,
  type FinishReason,
} from '../../contracts/chat-provider.ts';
import type { CompletionsBody } from '../schemas/completions-schema.ts';
import type { AnswerFormat, StreamHooks } from './answer-format.ts';
import { type CompletionLogprobs, toCompletionLogprobs } from './completions-logprobs.ts';
import { toPrompt } from './completions-request.ts';

/** OpenAI's text completion, whole or as a chunk of a stream. */
interface TextCompletion {
  readonly id: string;
  readonly object: 'text_completion';
  readonly created: number;
  readonly model: string;
  readonly system_fingerprint?: string;
  readonly choices: readonly TextChoice[];
  readonly usage?: ChatCompletion['usage'];
}

interface TextChoice {
  readonly index: number;
  readonly text: string;
  readonly logprobs: CompletionLogprobs | null;
  readonly finish_reason: Exclude<FinishReason, 'tool_calls'> | null;
}

/** Text completions: the text of the answer, after the prompt when the caller wants that repeated. */
export function createCompletionsFormat(body: CompletionsBody): AnswerFormat {
  const lead = body.echo ? toPrompt(body) : '';
  const includeUsage = body.stream_options?.include_usage === true;
  return {
    toJson: (result, facts) => JSON.stringify({ ...toTextCompletion(result, lead), sluice: facts }),
    toPieces: (stream, hooks) => toTextPieces(stream, { ...hooks, lead, includeUsage }),
  };
}

function toTextCompletion({ completion }: ChatResult, lead: string): TextCompletion {
  const choices = completion.choices.map(({ index, message, logprobs, finish_reason }) => ({
    index,
    text: lead + toText(message),
    logprobs: toCompletionLogprobs(logprobs),
    finish_reason: toFinishReason(finish_reason),
  }));
  return { ...toHead(completion), choices, ...(completion.usage ? { usage: completion.usage } : {}) };
}

interface TextStreamOptions extends StreamHooks {
  readonly lead: string;
  readonly includeUsage: boolean;
}

/** The last finish is held until the upstream has ended, because what Sluice adds travels on the last chunk. */
async function* toTextPieces(
  stream: AsyncIterable<ChatBatch>,
  { lead, includeUsage, onEvent, settle }: TextStreamOptions,
): AsyncGenerator<string> {
  const toChoices = createChoiceReader(lead);
  let held: TextCompletion | undefined;
  let usage: TextCompletion | undefined;
  for await (const batch of stream) {
    let piece = '';
    for (const event of eventsOf(batch)) {
      onEvent(event);
      const { chunk } = event;
      if (chunk.usage) usage = { ...toHead(chunk), choices: [], usage: chunk.usage };
      const choices = toChoices(chunk);
      if (choices.length === 0) continue;
      if (held) piece += toEvent(held);
      held = undefined;
      const completion = { ...toHead(chunk), choices };
      if (choices.some(({ finish_reason }) => finish_reason !== null)) held = completion;
      else piece += toEvent(completion);
    }
    if (piece !== '') yield piece;
  }
  const last = includeUsage && usage ? usage : held;
  const facts = await settle();
  let piece = '';
  if (held && held !== last) piece += toEvent(held);
  if (last) piece += toEvent({ ...last, sluice: facts });
  yield `${piece}data: [DONE]\n\n`;
}

/** The choices of each chunk that say something. The first words of a choice come after the lead. */
function createChoiceReader(lead: string): (chunk: ChatChunk) => TextChoice[] {
  const lengths = new Map<number, number>();
  return ({ choices }) =>
    choices.flatMap(({ index, delta, logprobs, finish_reason }) => {
      const said = lengths.get(index);
      const added = toText(delta);
      if (added === '' && !logprobs && finish_reason === null) return [];
      lengths.set(index, (said ?? 0) + added.length);
      return [
        {
          index,
          text: said === undefined ? lead + added : added,
          logprobs: toCompletionLogprobs(logprobs, said),
          finish_reason: finish_reason === null ? null : toFinishReason(finish_reason),
        },
      ];
    });
}

function toHead({ id, created, model, system_fingerprint: fingerprint }: ChatCompletion | ChatChunk) {
  return {
    id: `cmpl-${id.replace(/^chatcmpl-/, '')}`,
    object: 'text_completion' as const,
    created,
    model,
    ...(fingerprint ? { system_fingerprint: fingerprint } : {}),
  };
}

function toText(message: { readonly content?: string | null; readonly refusal?: string | null }): string {
  return (message.content ?? '') + (message.refusal ?? '');
}

/** No tools are offered, so that a call is an ordinary end. */
function toFinishReason(reason: string): Exclude<FinishReason, 'tool_calls'> {
  return reason === 'length' || reason === 'content_filter' ? reason : 'stop';
}

function toEvent(completion: object): string {
  return `data: ${JSON.stringify(completion)}\n\n`;
}

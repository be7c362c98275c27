import type { Citation } from '../../shared/contracts/context-format.ts';
import { readEvents } from '../read-events.ts';
import type { Client } from './client.ts';
import { CommandError } from './command.ts';

/** What Sluice says about an answer. */
export interface AnswerNote {
  readonly provider: string;
  readonly model: string;
  readonly cost_usd: number | null;
  readonly cached: boolean;
  readonly attempts: readonly { readonly provider: string; readonly model: string; readonly code?: string }[];
  readonly citations?: readonly Citation[];
}

export interface StreamedAnswer {
  readonly text: string;
  readonly note: AnswerNote | undefined;
  readonly tokens: number | undefined;
  readonly finishReason: string | undefined;
  readonly firstTextMs: number | undefined;
  readonly totalMs: number;
}

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly total_tokens: number } | null;
  readonly error?: { readonly message: string };
  readonly sluice?: AnswerNote;
}

/** Asks, and gives each text as it comes. @throws CommandError when the answer breaks, and the signal's reason. */
export async function streamAnswer(
  client: Client,
  {
    body,
    signal,
    onText,
  }: {
    readonly body: Readonly<Record<string, unknown>>;
    readonly signal: AbortSignal;
    readonly onText: (text: string) => void;
  },
): Promise<StreamedAnswer> {
  const startedAt = performance.now();
  let text = '';
  let note: AnswerNote | undefined;
  let tokens: number | undefined;
  let finishReason: string | undefined;
  let firstTextMs: number | undefined;
  const response = await client.open('chat', {
    path: '/v1/chat/completions',
    body: { ...body, stream: true, stream_options: { include_usage: true } },
    signal,
  });
  try {
    for await (const data of readEvents(response.body ?? new ReadableStream())) {
      if (data === '[DONE]') {
        return { text, note, tokens, finishReason, firstTextMs, totalMs: performance.now() - startedAt };
      }
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error) throw new CommandError(`The answer broke off: ${chunk.error.message}`);
      const [choice] = chunk.choices ?? [];
      const piece = choice?.delta?.content ?? '';
      if (piece !== '') {
        firstTextMs ??= performance.now() - startedAt;
        text += piece;
        onText(piece);
      }
      finishReason = choice?.finish_reason ?? finishReason;
      tokens = chunk.usage?.total_tokens ?? tokens;
      note = chunk.sluice ?? note;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof CommandError) throw error;
  }
  throw new CommandError('The answer broke off before its end. Ask again.');
}

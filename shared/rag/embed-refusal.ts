import { AppError } from '../contracts/app-error.ts';
import type { EmbeddingProvider, EmbedResult } from '../contracts/embedding-provider.ts';
import { SURELY_BEYOND, SURELY_WITHIN } from '../usage/tokens.ts';
import type { BatchItem } from './embed-batch.ts';

type Text = Pick<BatchItem, 'name' | 'tokens'>;

/** A count up to the limit may leave out the marks that a model puts around a text. */
const MARKS = 8;

/** @throws AppError `invalid_request` for a text that is surely too long. */
export function refuseTooLong(text: Text, provider: EmbeddingProvider): void {
  if (text.tokens <= provider.maxInputTokens * SURELY_BEYOND) return;
  throw new AppError('invalid_request', describeLength(text, provider), { param: text.name.param });
}

/** Whether a text may be too long: for a vendor that refuses such, above the limit, else wherever it is not surely below. */
export function isDoubtful(tokens: number, { maxInputTokens, mayCut = false }: EmbeddingProvider): boolean {
  return tokens > maxInputTokens * (mayCut ? SURELY_WITHIN : 1);
}

/**
 * Of a doubtful text that was sent alone.
 * @throws AppError `too_large` unless its vector is surely one of the whole text.
 */
export function checkWhole(item: BatchItem, { usage }: EmbedResult, provider: EmbeddingProvider): void {
  const { id, maxInputTokens, mayCut = false } = provider;
  if (!item.isDoubtful || !mayCut) return;
  // Where the vendor does not say how much it read there is the estimate alone, as with every text that is not doubtful.
  if (usage === undefined ? item.tokens <= maxInputTokens : usage.tokens < maxInputTokens - MARKS) return;
  throw new AppError(
    'too_large',
    usage === undefined
      ? `${id} may have cut a text, and does not say how many tokens it read.`
      : `${id} read ${usage.tokens} tokens of a text, and may have cut it.`,
  );
}

/**
 * Whether a smaller batch may pass. Some servers answer 413 to one that is too large, OpenAI 400, others 422: only a
 * smaller one tells whether the size was the fault, and if it was not, which text is.
 */
export function isAboutSize({ code, upstreamStatus }: AppError): boolean {
  if (code === 'too_large' || code === 'context_length_exceeded') return true;
  return code === 'invalid_request' && (upstreamStatus === 400 || upstreamStatus === 422);
}

/** The refusal of a single text, naming it. */
export function ofText(error: AppError, text: Text, provider: EmbeddingProvider): AppError {
  const { name, tokens } = text;
  const mayBeTooLong = tokens > provider.maxInputTokens * SURELY_WITHIN;
  const what = mayBeTooLong ? describeLength(text, provider) : `It was the ${name.noun}.`;
  return new AppError('invalid_request', `${error.message} ${what}`, {
    param: name.param,
    cause: error,
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
  });
}

function describeLength({ name, tokens }: Text, { id, model, maxInputTokens }: EmbeddingProvider): string {
  return `The ${name.noun} has about ${tokens} tokens; ${id}/${model} takes ${maxInputTokens}. ${name.cure}`;
}

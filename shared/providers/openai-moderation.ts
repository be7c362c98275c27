import { isFields } from './openai-usage.ts';

/**
 * Whether a value is OpenAI's verdict on a prompt and its answer, as its schema has it: results or an error, for both.
 * https://platform.openai.com/docs/api-reference/chat/object
 */
export function isPlainModeration(value: unknown): boolean {
  return isFields(value) && isSide(value.input) && isSide(value.output);
}

function isSide(side: unknown): boolean {
  if (!isFields(side)) return false;
  if (side.type === 'error') return typeof side.code === 'string' && typeof side.message === 'string';
  return (
    side.type === 'moderation_results' &&
    typeof side.model === 'string' &&
    Array.isArray(side.results) &&
    side.results.every(isResult)
  );
}

function isResult(result: unknown): boolean {
  return (
    isFields(result) &&
    result.type === 'moderation_result' &&
    typeof result.model === 'string' &&
    typeof result.flagged === 'boolean' &&
    isMapOf(result.categories, (item) => typeof item === 'boolean') &&
    isMapOf(result.category_scores, Number.isFinite) &&
    isMapOf(result.category_applied_input_types, (kinds) => Array.isArray(kinds) && kinds.every(isKind))
  );
}

function isMapOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return isFields(value) && Object.values(value).every(isItem);
}

function isKind(kind: unknown): boolean {
  return kind === 'text' || kind === 'image';
}

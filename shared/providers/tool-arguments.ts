/** Where arguments stand that are no object. */
const UNREADABLE = 'invalid_arguments';

/**
 * The arguments of a tool call of an earlier turn, for vendors that want them as an object. Text that is none, as of a
 * call that was cut off, goes whole under one key: the model sees what it wrote, and the conversation can go on.
 */
export function toArgumentsObject(text: string): Record<string, unknown> {
  if (text.trim() === '' || text.trim() === 'null') return {};
  return parseObject(text) ?? { [UNREADABLE]: text };
}

/** The object a JSON text is; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The parser's message quotes the text; callers say what is wrong without it.
  }
  return undefined;
}

import { AppError } from '../contracts/app-error.ts';

/**
 * The arguments of a tool call of an earlier turn, for vendors that want them as an object.
 * @param path where the call stands in the request.
 * @throws AppError `invalid_request` when they are not a JSON object; the text itself is never repeated.
 */
export function parseArguments(text: string, path: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below: the parser's own message quotes the text.
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new AppError(
    'invalid_request',
    `The arguments of ${path} are not a JSON object (${text.length} characters); send back what the model gave.`,
    { param: `${path}.function.arguments` },
  );
}

import { AppError } from '../contracts/app-error.ts';

export interface JsonObjectReader {
  /** The objects that this piece of the text completes. */
  push(text: string): string[];
  /** An object that the end of the text cut in two. */
  end(): string[];
}

const OPEN = 123;
const CLOSE = 125;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Cuts JSON text that arrives in pieces into its outermost objects, each as soon as it is whole: the elements of a list,
 * the lines of JSON lines, or the one object that the text is. What stands between them is passed over.
 * @param maxLength longest object accepted, in UTF-16 units.
 */
export function createJsonObjectReader(maxLength: number): JsonObjectReader {
  let open = '';
  let depth = 0;
  let inString = false;
  let isEscaped = false;

  return {
    push(text) {
      const objects: string[] = [];
      let from = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        if (isEscaped) isEscaped = false;
        else if (inString) {
          if (code === BACKSLASH) isEscaped = true;
          else if (code === QUOTE) inString = false;
        } else if (code === QUOTE) inString = true;
        else if (code === OPEN) {
          if (depth === 0) from = at;
          depth += 1;
        } else if (code === CLOSE && depth > 0) {
          depth -= 1;
          if (depth > 0) continue;
          objects.push(open + text.slice(from, at + 1));
          open = '';
        }
      }
      if (depth > 0) open += text.slice(from);
      if (open.length > maxLength) {
        throw new AppError('server_error', 'The upstream sent an object that is too large.', { retryable: false });
      }
      return objects;
    },

    end: () => (depth > 0 ? [open] : []),
  };
}

import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../contracts/app-error.ts';

/** Longest single line accepted, in UTF-16 units. */
const MAX_LINE_LENGTH = 10 * 1024 * 1024;

export interface NdjsonReader {
  /** All the lines that this piece of the body completes; blank ones are passed over. */
  push(bytes: Uint8Array): string[];
  /** What is left when the body has ended: the last line may lack its end. */
  end(): string[];
}

/**
 * Reads newline-delimited JSON (https://github.com/ndjson/ndjson-spec) from bytes cut anywhere, inside a character too.
 * Lines end in LF or CRLF and are not parsed here.
 */
export function createNdjsonReader(): NdjsonReader {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let started = false;

  const read = (decoded: string): string[] => {
    let text = decoded;
    if (!started && text.length > 0) {
      started = true;
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    }
    const last = text.lastIndexOf('\n');
    if (last === -1) {
      rest += text;
      if (rest.length > MAX_LINE_LENGTH) throw tooLong();
      return [];
    }
    const complete = rest + text.slice(0, last);
    rest = text.slice(last + 1);
    const lines = complete.split('\n').map(trimEnd).filter(isNotBlank);
    if (lines.some((line) => line.length > MAX_LINE_LENGTH)) throw tooLong();
    return lines;
  };

  return {
    push: (bytes) => read(decoder.write(bytes as Buffer)),
    end() {
      const lines = read(decoder.end());
      const line = trimEnd(rest);
      rest = '';
      return isNotBlank(line) ? [...lines, line] : lines;
    },
  };
}

function trimEnd(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function isNotBlank(line: string): boolean {
  return line.trim() !== '';
}

function tooLong(): AppError {
  return new AppError('server_error', 'The upstream sent a line that is larger than 10 MB.', { retryable: false });
}

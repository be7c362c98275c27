import { createBatchedWriter } from './batched-writer.ts';
import { safeText } from './safe-text.ts';

/** Cloud Logging's severities (https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity). */
export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';

const ORDER: Readonly<Record<Severity, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };

/** One structured line. Fields hold facts, never prompts, answers, keys or addresses of upstreams. */
export type Log = (severity: Severity, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes one JSON object per line, the form that Cloud Logging reads from standard output. */
export function createLog({
  minimum = 'INFO',
  write = createBatchedWriter((lines) => process.stdout.write(lines)),
}: {
  readonly minimum?: Severity;
  readonly write?: (line: string) => void;
} = {}): Log {
  return (severity, message, fields) => {
    if (ORDER[severity] < ORDER[minimum]) return;
    write(`${toLine(severity, message, fields)}\n`);
  };
}

/** A field that JSON cannot hold costs the line its fields: a log call comes last in many a handler and must not throw. */
function toLine(severity: Severity, message: string, fields: Readonly<Record<string, unknown>> | undefined): string {
  try {
    const rest = fields === undefined ? '{}' : JSON.stringify(fields);
    // Joined as text: a copy of the fields, only to put two others before them, costs as much as writing them.
    return `{"severity":"${severity}","message":${JSON.stringify(message)}${rest === '{}' ? '}' : `,${rest.slice(1)}`}`;
  } catch {
    return JSON.stringify({ severity, message, fields: 'not serialisable' });
  }
}

/** Causes looked at, of a chain that may well be a circle. */
const MAX_CAUSES = 8;
/** Our own messages quote what was asked for. */
const MAX_MESSAGE_CHARACTERS = 1_000;

/**
 * An exception for the log: names, codes and stacks of the whole chain of causes. Messages of foreign errors are left
 * out, because upstreams and SDKs put prompts and keys into them.
 */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  const own = error.name === 'AppError';
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(own ? { message: safeText(error.message, MAX_MESSAGE_CHARACTERS) } : { stack: stackFrames(error) }),
    ...(error.cause === undefined || depth === MAX_CAUSES ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

function stackFrames(error: Error): string[] {
  // The stack begins with the message, and a line of that may look like a frame.
  return (error.stack ?? '')
    .replace(error.message, () => '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}

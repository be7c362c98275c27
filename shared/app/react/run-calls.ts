import { setMaxListeners } from 'node:events';
import { type AppError, type ErrorCode, toAppError } from '../../contracts/app-error.ts';
import type { ChatMessage } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import { parseInput } from '../../http/dialects/messages-answer.ts';
import { createDeadline } from '../../resilience/deadline.ts';
import { calledName, type OfferedTools } from './offered-tools.ts';
import type { ReactLoopOptions, ReactStep, ReactTool, StepError, ToolCall, ToolOutput } from './react-types.ts';

/** More of one result would leave no room for the next ones. */
const MAX_RESULT_CHARACTERS = 32_000;
/** What a caller is shown of a result, and of arguments. */
const PREVIEW_CHARACTERS = 500;
const SHOWN_ARGUMENTS_CHARACTERS = 2_000;
/** A model that loops within a turn is stopped here, as one that loops over turns is by the limit on those. */
const MAX_CALLS_PER_TURN = 16;

/** Errors whose message is about the arguments, and so of use to the model. */
const TOLD: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'unsupported', 'too_large']);
const FAILURES: Readonly<Partial<Record<ErrorCode, string>>> = {
  timeout: 'The tool did not answer in time.',
  network: 'The tool could not be reached.',
  blocked_url: 'The tool may not be reached from here.',
};

export interface RanCall {
  readonly message: ChatMessage;
  readonly step: ReactStep;
  readonly citations: readonly Citation[];
}

export interface RunCallsOptions extends Pick<ReactLoopOptions, 'onRun'> {
  readonly calls: readonly ToolCall[];
  readonly offered: OfferedTools;
  readonly iteration: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/**
 * Runs the calls of one turn, all at once, and gives their results in the order of the calls. Whatever is wrong with a
 * call is its result, for the model to deal with; only the end of the request itself is thrown.
 */
export async function runCalls({ calls, offered, iteration, signal, now, onRun }: RunCallsOptions): Promise<RanCall[]> {
  const runOne = async (call: ToolCall, position: number): Promise<RanCall> => {
    const startedAt = now();
    const outcome = await attempt(call, position);
    return toRanCall({ call, outcome, iteration, latencyMs: now() - startedAt });
  };

  const attempt = async (call: ToolCall, position: number): Promise<Outcome> => {
    const name = calledName(call);
    const tool = offered.ownerOf(name) === 'own' ? offered.find(name) : undefined;
    if (!tool || call.type !== 'function') {
      const known = offered.names.join(', ');
      return failed('not_offered', `There is no tool of this name. ${known ? `Tools: ${known}.` : 'Use none.'}`);
    }
    if (position >= MAX_CALLS_PER_TURN) {
      return failed('too_many_calls', `At most ${MAX_CALLS_PER_TURN} calls are run at once. Ask again for the rest.`);
    }
    const input = parseArguments(call);
    if (!input) {
      const { length } = call.function.arguments;
      return failed('invalid_arguments', `The arguments are not a JSON object (${length} characters).`);
    }
    const problem = (await tool.check())(input);
    if (problem !== undefined) return failed('invalid_arguments', `The arguments do not fit: ${problem}.`);
    const startedAt = now();
    try {
      const output = await runWithin(tool, input, turn.signal);
      onRun?.({ tool: name, latencyMs: now() - startedAt });
      return output;
    } catch (thrown) {
      if (signal.aborted) throw toAppError(signal.reason, signal);
      const error = toAppError(thrown);
      onRun?.({ tool: name, latencyMs: now() - startedAt, error });
      return failed(error.code, describe(error));
    }
  };

  // One listener on the request's signal, whatever the number of calls.
  const turn = createDeadline(signal, undefined, 'The turn');
  setMaxListeners(MAX_CALLS_PER_TURN, turn.signal);
  try {
    return await Promise.all(calls.map(runOne));
  } finally {
    turn.end();
  }
}

/** A call that is not run, for the caller's information. */
export function toSkippedStep(call: ToolCall, iteration: number, error: StepError): ReactStep {
  return { iteration, ...shownCall(call), error, latency_ms: 0, result_characters: 0 };
}

/** The arguments as an object; undefined when they are none. Tools without parameters are called with an empty text. */
export function parseArguments(call: ToolCall): Record<string, unknown> | undefined {
  if (call.type !== 'function') return undefined;
  const { arguments: text } = call.function;
  return text.trim() === '' ? {} : parseInput(text);
}

interface Outcome extends ToolOutput {
  readonly error?: StepError;
}

function failed(error: StepError, message: string): Outcome {
  return { error, text: JSON.stringify({ error: message }) };
}

/** What a model learns of a failure: nothing of addresses, nor of what stands in the tool's own words. */
function describe({ code, message, upstreamStatus }: AppError): string {
  if (upstreamStatus !== undefined) return `The tool answered with HTTP status ${upstreamStatus}.`;
  return TOLD.has(code) ? message : (FAILURES[code] ?? 'The tool failed.');
}

/** A tool that does not listen to its signal is left behind when its time is up. */
async function runWithin(
  tool: ReactTool,
  input: Readonly<Record<string, unknown>>,
  parent: AbortSignal,
): Promise<ToolOutput> {
  const deadline = createDeadline(parent, tool.timeoutMs, `The tool ${tool.name}`);
  const { signal } = deadline;
  try {
    signal.throwIfAborted();
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    return await Promise.race([tool.run(input, signal), aborted]);
  } catch (error) {
    // However the tool words its abort, the signal knows whose it was.
    throw signal.aborted ? toAppError(signal.reason, signal) : error;
  } finally {
    deadline.end();
  }
}

function toRanCall({
  call,
  outcome: { text, error, citations = [] },
  iteration,
  latencyMs,
}: {
  readonly call: ToolCall;
  readonly outcome: Outcome;
  readonly iteration: number;
  readonly latencyMs: number;
}): RanCall {
  return {
    message: { role: 'tool', tool_call_id: call.id, content: cut(text) },
    step: {
      iteration,
      ...shownCall(call),
      ...(error === undefined ? {} : { error }),
      latency_ms: Math.round(latencyMs),
      result_characters: text.length,
      result: text.slice(0, PREVIEW_CHARACTERS).toWellFormed(),
    },
    citations,
  };
}

function cut(text: string): string {
  if (text.length <= MAX_RESULT_CHARACTERS) return text.toWellFormed();
  const kept = text.slice(0, MAX_RESULT_CHARACTERS).toWellFormed();
  return `${kept}\n[cut: ${MAX_RESULT_CHARACTERS} of ${text.length} characters]`;
}

function shownCall(call: ToolCall): Pick<ReactStep, 'tool' | 'arguments'> {
  const input = parseArguments(call);
  const isShown = input !== undefined && JSON.stringify(input).length <= SHOWN_ARGUMENTS_CHARACTERS;
  return { tool: calledName(call).slice(0, 128), ...(isShown ? { arguments: input } : {}) };
}

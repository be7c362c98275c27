import type { AppError, ErrorCode } from '../../contracts/app-error.ts';
import type { ChatBatch, ChatChoice, ChatCompletion, ChatRequest, ChatResult } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import type { SchemaCheck } from '../chat/schema-check.ts';

/** A tool that Sluice runs itself. */
export interface ReactTool {
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** The check of arguments against `parameters`, compiled when the tool is first called and kept. */
  readonly check: () => Promise<SchemaCheck>;
  /**
   * Called with arguments that fit. What it throws becomes an error result for the model; the message of an AppError
   * `invalid_request`, `unsupported` or `too_large` is told to it, of any other its kind alone.
   */
  readonly run: (input: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<ToolOutput>;
}

export interface ToolOutput {
  readonly text: string;
  /** Passages the text quotes, for the caller's answer. */
  readonly citations?: readonly Citation[];
}

export type ToolCall = NonNullable<ChatChoice['message']['tool_calls']>[number];
export type Usage = NonNullable<ChatCompletion['usage']>;

/**
 * Why a call brought nothing. Beside the codes of a tool that failed: the model asked for a tool it was not offered, or
 * with arguments that do not fit, or for too many at once; its answer was cut off inside the calls; it called a tool of
 * the caller in the same turn, who then goes on; or it was its last turn.
 */
export type StepError =
  | ErrorCode
  | 'not_offered'
  | 'invalid_arguments'
  | 'too_many_calls'
  | 'cut_off'
  | 'caller_goes_on'
  | 'max_iterations';

/** One call of a tool, as the caller learns of it. It holds content of the conversation and belongs in no log. */
export interface ReactStep {
  /** The model turn that asked for it, from 1. */
  readonly iteration: number;
  readonly tool: string;
  /** As the model gave them; absent when they are no JSON object, or longer than 2,000 characters. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly error?: StepError;
  readonly latency_ms: number;
  /** Length of what the tool gave, before it was cut. */
  readonly result_characters: number;
  /** The first 500 characters. */
  readonly result?: string;
}

/** One model turn, in the order in which `turn` was called. */
export interface ReactTurn {
  readonly usage?: Usage;
  readonly finish_reason: ChatChoice['finish_reason'];
}

export interface ReactReport {
  readonly steps: readonly ReactStep[];
  readonly turns: readonly ReactTurn[];
  /** What the tools quoted, each passage once, by its number. */
  readonly citations: readonly Citation[];
}

export interface ReactRun<Turn> {
  /** The agent's request, with the caller's own tools if it has any. Never changed. */
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  /** Asks a model. Streams resolve at their commit point. */
  readonly turn: (request: ChatRequest, signal: AbortSignal) => Promise<Turn>;
}

export interface ReactAnswer {
  /** The answer of all turns as one, its usage their sum. With the upstream's text when the first turn was the answer. */
  readonly result: ChatResult;
  readonly report: ReactReport;
}

export interface ReactStream {
  /** The answers of all turns as one stream: one id, one role, one finish, one usage event at the end. */
  readonly events: AsyncIterable<ChatBatch>;
  /** What is known so far; complete when the events have ended. */
  readonly report: () => ReactReport;
}

export interface ToolRun {
  readonly tool: string;
  readonly latencyMs: number;
  readonly error?: AppError;
}

export interface ReactLoopOptions {
  readonly tools: readonly ReactTool[];
  /** Most model turns, 1 to 10. Calls that the last of them makes are not run. */
  readonly maxIterations: number;
  /** Told of each tool that was run, for logs, metrics and traces. */
  readonly onRun?: (run: ToolRun) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

export interface ReactLoop {
  complete(run: ReactRun<ChatResult>): Promise<ReactAnswer>;
  /** Resolves when the first turn's stream does, so that a refusal is still an answer of its own. */
  stream(run: ReactRun<AsyncIterable<ChatBatch>>): Promise<ReactStream>;
}

import { createReactLoop } from '../../../../shared/app/react/react-loop.ts';
import type { ReactLoopOptions, ReactTool } from '../../../../shared/app/react/react-types.ts';
import type { AppError } from '../../../../shared/contracts/app-error.ts';
import {
  type ChatChoice,
  type ChatChunkChoice,
  type ChatEvent,
  type ChatRequest,
  type ChatResult,
  eventsOf,
} from '../../../../shared/contracts/chat-provider.ts';
import { freeze } from '../../providers/freeze.ts';

/** A model turn of a test: what it says, what it calls. */
export interface ScriptedTurn {
  readonly content?: string | null;
  /** Name and arguments; ids are `call_TURN_POSITION`. */
  readonly calls?: readonly (readonly [name: string, input: string, extra?: object])[];
  /** Default: `tool_calls` when there are calls, else `stop`. */
  readonly finish?: ChatChoice['finish_reason'];
  /** Other fields of the message. */
  readonly message?: Readonly<Record<string, unknown>>;
  readonly logprobs?: ChatChoice['logprobs'];
}

export const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

export const SIGNAL = new AbortController().signal;

export const toRequest = (fields: Partial<ChatRequest> = {}): ChatRequest =>
  freeze({ model: 'agent', messages: [{ role: 'user', content: 'What is the weather?' }], ...fields });

/** A tool that answers with its arguments, or does what it is told to. */
export function toTool(
  name: string,
  run: ReactTool['run'] = async (input) => ({ text: `${name} ${JSON.stringify(input)}` }),
  fields: Partial<ReactTool> = {},
): ReactTool {
  return {
    name,
    description: `Tool ${name}.`,
    parameters: { type: 'object', properties: {} },
    timeoutMs: 1_000,
    check: async () => () => undefined,
    run,
    ...fields,
  };
}

export const callersTool = (name: string): NonNullable<ChatRequest['tools']>[number] => ({
  type: 'function',
  function: { name, parameters: { type: 'object' } },
});

export interface ScriptedRun {
  readonly turns: readonly ScriptedTurn[];
  readonly tools?: readonly ReactTool[];
  readonly request?: Partial<ChatRequest>;
  readonly maxIterations?: number;
  readonly signal?: AbortSignal;
  readonly options?: Partial<ReactLoopOptions>;
  /** How a stream is cut into events; default: as `toEvents` does. */
  readonly toBatches?: (turn: ScriptedTurn, number: number) => readonly (readonly ChatEvent[])[];
}

function prepare({ tools = [toTool('weather'), toTool('time')], maxIterations = 5, options = {} }: ScriptedRun) {
  const asked: ChatRequest[] = [];
  const failures: [string, AppError][] = [];
  const loop = createReactLoop({
    tools,
    maxIterations,
    now: () => 0,
    onRun: ({ tool, error }) => void (error && failures.push([tool, error])),
    ...options,
  });
  return { asked, failures, loop };
}

/** Runs scripted turns as finished answers. */
export async function complete(run: ScriptedRun) {
  const { asked, failures, loop } = prepare(run);
  const { result, report } = await loop.complete({
    request: toRequest(run.request),
    signal: run.signal ?? SIGNAL,
    turn: async (request) => {
      asked.push(freeze(request));
      return toResult(turnAt(run.turns, asked.length), asked.length);
    },
  });
  return { asked, failures, result, report, choice: result.completion.choices[0] as ChatChoice };
}

/** Runs the same turns as streams. */
export async function stream(run: ScriptedRun) {
  const { asked, failures, loop } = prepare(run);
  const { toBatches = (turn, number) => toEvents(turn, number).map((event) => [event]) } = run;
  const { events: batches, report } = await loop.stream({
    request: toRequest(run.request),
    signal: run.signal ?? SIGNAL,
    turn: async (request) => {
      asked.push(freeze(request));
      return iterate(toBatches(turnAt(run.turns, asked.length), asked.length));
    },
  });
  const events: ChatEvent[] = [];
  for await (const batch of batches) events.push(...eventsOf(batch));
  return { asked, failures, events, report: report() };
}

/** A test that makes more turns than it wrote goes on with the last one. */
function turnAt(turns: readonly ScriptedTurn[], number: number): ScriptedTurn {
  return turns[Math.min(number, turns.length) - 1] as ScriptedTurn;
}

function toResult({ content = null, calls = [], finish, message, logprobs = null }: ScriptedTurn, number: number) {
  const tool_calls = calls.map(([name, input, extra], position) => ({
    id: `call_${number}_${position}`,
    type: 'function' as const,
    function: { name, arguments: input },
    ...extra,
  }));
  const result: ChatResult = {
    json: `{"turn":${number}}`,
    completion: {
      id: `answer-${number}`,
      object: 'chat.completion',
      created: number,
      model: `model-${number}`,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content,
            refusal: null,
            ...message,
            ...(tool_calls.length > 0 ? { tool_calls } : {}),
          },
          logprobs,
          finish_reason: finish ?? (calls.length > 0 ? 'tool_calls' : 'stop'),
        },
      ],
      usage: USAGE,
    },
  };
  return freeze(result);
}

/** A turn as a stream: the role, the text by words, each call's arguments in two pieces, the finish, the usage. */
export function toEvents(turn: ScriptedTurn, number: number): ChatEvent[] {
  const { content, calls = [], finish, message = {}, logprobs = null } = turn;
  const deltas: ChatChunkChoice['delta'][] = [{ role: 'assistant', content: '' }];
  const { annotations, ...others } = message;
  for (const [field, value] of Object.entries(others)) deltas.push({ [field]: value });
  for (const word of content?.match(/\S+\s*/g) ?? []) deltas.push({ content: word });
  if (annotations) deltas.push({ annotations } as ChatChunkChoice['delta']);
  for (const [index, [name, input, extra]] of calls.entries()) {
    const middle = Math.ceil(input.length / 2);
    const id = `call_${number}_${index}`;
    deltas.push({
      tool_calls: [
        { index, id, type: 'function', function: { name, arguments: input.slice(0, middle) }, ...extra },
      ] as NonNullable<ChatChunkChoice['delta']['tool_calls']>,
    });
    deltas.push({ tool_calls: [{ index, function: { arguments: input.slice(middle) } }] });
  }
  const last = finish ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  const choices = deltas.map((delta): Partial<ChatChunkChoice> => ({ delta }));
  if (logprobs) choices.push({ delta: {}, logprobs });
  choices.push({ delta: {}, finish_reason: last });
  const events = choices.map((choice) => toEvent(number, choice));
  const [{ chunk }] = events as [ChatEvent];
  return [...events, freeze({ chunk: { ...chunk, choices: [], usage: USAGE } })];
}

export function toEvent(number: number, choice: Partial<ChatChunkChoice>): ChatEvent {
  return freeze({
    json: `{"turn":${number}}`,
    chunk: {
      id: `answer-${number}`,
      object: 'chat.completion.chunk' as const,
      created: number,
      model: `model-${number}`,
      choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: null, ...choice }],
    },
  });
}

async function* iterate(batches: readonly (readonly ChatEvent[])[]): AsyncGenerator<readonly ChatEvent[]> {
  yield* batches;
}

import type { ChatChoice, ChatMessage, ChatRequest } from '../../contracts/chat-provider.ts';
import type { Citation } from '../../contracts/context-format.ts';
import { sumUsage } from '../chat/sum-usage.ts';
import { calledName, type OfferedTools } from './offered-tools.ts';
import type { ReactLoopOptions, ReactReport, ReactStep, ReactTurn, StepError, ToolCall, Usage } from './react-types.ts';
import { parseArguments, runCalls, toSkippedStep } from './run-calls.ts';

/** The end of the turns: which of the last turn's calls the caller gets, and how the answer ends. */
export interface Ending {
  readonly calls: readonly ToolCall[];
  readonly finish: ChatChoice['finish_reason'];
}

/** A request's way through model turns and tools. */
export interface Conversation {
  readonly firstRequest: ChatRequest;
  /** Takes a turn's answer and runs its calls. Gives the request of the next turn, or how the answer ends. */
  advance(choice: ChatChoice, usage: Usage | undefined): Promise<{ readonly request: ChatRequest } | Ending>;
  report(): ReactReport;
  usage(): Usage | undefined;
}

export interface ConversationOptions extends Pick<ReactLoopOptions, 'maxIterations' | 'onRun'> {
  readonly messages: readonly ChatMessage[];
  readonly offered: OfferedTools;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/**
 * A turn is the answer when it calls no tool of ours. It is too when it calls one of the caller's, who then runs that:
 * calls of ours beside it are dropped, because nothing would keep their results until the caller comes back. And it is
 * when its answer was cut off or filtered, since calls may have been cut off with it. The last allowed turn ends the
 * answer with `length` when it wants yet another tool.
 */
export function createConversation(options: ConversationOptions): Conversation {
  const { offered, maxIterations, signal, now, onRun } = options;
  const steps: ReactStep[] = [];
  const turns: ReactTurn[] = [];
  const citations = new Map<number, Citation>();
  let messages = options.messages;

  return {
    firstRequest: offered.toRequest(messages, 1),

    async advance({ message, finish_reason: finish }, usage) {
      turns.push({ ...(usage === undefined ? {} : { usage }), finish_reason: finish });
      const iteration = turns.length;
      const calls = message.tool_calls ?? [];
      const theirs = calls.filter((call) => offered.ownerOf(calledName(call)) === 'caller');
      const ours = calls.filter((call) => !theirs.includes(call));
      const end = (error: StepError, reason: Ending['finish']): Ending => {
        steps.push(...ours.map((call) => toSkippedStep(call, iteration, error)));
        return { calls: theirs, finish: reason };
      };
      if (ours.length === 0) return { calls: theirs, finish };
      if (finish === 'length' || finish === 'content_filter') return end('cut_off', finish);
      if (theirs.length > 0) return end('caller_goes_on', finish);
      if (iteration >= maxIterations) return end('max_iterations', 'length');

      const ran = await runCalls({
        calls: ours,
        offered,
        iteration,
        signal,
        now,
        ...(onRun === undefined ? {} : { onRun }),
      });
      for (const { step, citations: found } of ran) {
        steps.push(step);
        for (const citation of found) citations.set(citation.index, citation);
      }
      messages = [...messages, toTurnMessage(message), ...ran.map((call) => call.message)];
      return { request: offered.toRequest(messages, iteration + 1) };
    },

    report: () => ({
      steps: [...steps],
      turns: [...turns],
      citations: [...citations.values()].sort((one, other) => one.index - other.index),
    }),

    usage: () => sumUsage(turns.map((turn) => turn.usage)),
  };
}

/** Vendors check the calls of a conversation; these are what they all take. */
const CALL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * The model's own message as the next turn is given it: as it came, with thinking, signatures and whatever else the
 * provider put on it. Only a call that no vendor would take back is mended: its result says what was wrong with it.
 */
function toTurnMessage(message: ChatChoice['message']): ChatMessage {
  const calls = message.tool_calls ?? [];
  const mended = calls.map(mendCall);
  const isChanged = mended.some((call, position) => call !== calls[position]);
  return (isChanged ? { ...message, tool_calls: mended } : message) as ChatMessage;
}

function mendCall(call: ToolCall): ToolCall {
  if (call.type !== 'function') return call;
  const { name, arguments: text } = call.function;
  const isParsable = text.trim() !== '' && parseArguments(call) !== undefined;
  if (isParsable && CALL_NAME.test(name)) return call;
  const plainName = name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'unknown';
  return { ...call, function: { ...call.function, name: plainName, arguments: isParsable ? text : '{}' } };
}

import { randomUUID } from 'node:crypto';
import { AppError } from '../contracts/app-error.ts';
import type { ChatChunkChoice } from '../contracts/chat-provider.ts';
import { type LooseToolCall, toArgumentsText } from './openai-message.ts';
import { isFields } from './openai-usage.ts';

type ToolCallDelta = NonNullable<ChatChunkChoice['delta']['tool_calls']>[number];

interface OpenCall {
  readonly index: number;
  readonly id: string;
  /** Free-text tools carry their input under `custom`; there is nothing to complete in it. */
  readonly isCustom: boolean;
  hasName: boolean;
  text: string;
}

export interface ToolCallTracker {
  readonly count: number;
  /** The vendor's fragments with an index that counts per stream and, on the first of each call, id, type and name. */
  push(fragments: readonly LooseToolCall[]): ToolCallDelta[];
  /**
   * `{}` for every call whose arguments never came, so that they parse.
   * @throws AppError `server_error` for a call that never got a name.
   */
  end(): ToolCallDelta[];
}

/**
 * Joins the fragments of streamed tool calls. Vendors differ in what tells two calls apart: most count `index`, some
 * leave it out and send a new id, some send whole calls that all say 0.
 */
export function createToolCallTracker(provider: string): ToolCallTracker {
  const calls: OpenCall[] = [];
  const byVendorIndex = new Map<number, OpenCall>();

  const findCall = (index: number | undefined, id: string, name: string, text: string): OpenCall | undefined => {
    const known = index === undefined ? calls.at(-1) : byVendorIndex.get(index);
    if (!known || name === '') return known;
    if (id === known.id) return known;
    if (id !== '') return calls.find((call) => call.id === id);
    // No id and a name again: another whole call, unless the vendor repeats the name on every fragment.
    return text !== '' && isComplete(known.text) ? undefined : known;
  };

  const open = (index: number | undefined, id: string, isCustom: boolean): OpenCall => {
    const isTaken = calls.some((call) => call.id === id);
    const call: OpenCall = {
      index: calls.length,
      id: id === '' || isTaken ? `call_${randomUUID()}` : id,
      isCustom,
      hasName: false,
      text: '',
    };
    calls.push(call);
    if (index !== undefined) byVendorIndex.set(index, call);
    return call;
  };

  const translate = (fragment: LooseToolCall): ToolCallDelta => {
    const { index: fragmentIndex, id: fragmentId, type, function: fragmentFunction, ...others } = fragment;
    const index = toIndex(fragmentIndex);
    const called = isFields(fragmentFunction) ? fragmentFunction : {};
    const id = typeof fragmentId === 'string' ? fragmentId : '';
    const name = typeof called.name === 'string' ? called.name : '';
    const text = toArgumentsText(called.arguments);
    const known = findCall(index, id, name, text);
    const call = known ?? open(index, id, type === 'custom');
    if (call.isCustom)
      return { ...others, index: call.index, ...(known ? {} : { id: call.id, type }) } as ToolCallDelta;
    call.text += text;
    // A name that comes after the id is sent on; one that is repeated would be joined to itself by clients.
    const naming = call.hasName || name === '' ? {} : { name };
    if (name !== '') call.hasName = true;
    if (known) return { ...others, index: call.index, function: { ...naming, arguments: text } };
    return { ...others, index: call.index, id: call.id, type: 'function', function: { name, arguments: text } };
  };

  return {
    get count() {
      return calls.length;
    },

    push: (fragments) => fragments.map(translate),

    end() {
      const open = calls.filter((call) => !call.isCustom);
      if (open.some((call) => !call.hasName)) {
        throw new AppError('server_error', `${provider} answered with a tool call that has no name.`);
      }
      return open
        .filter((call) => call.text.trim() === '')
        .map((call) => {
          call.text = '{}';
          return { index: call.index, function: { arguments: '{}' } };
        });
    },
  };
}

/** Undefined for an index that is missing; some vendors write the number as text. */
function toIndex(index: unknown): number | undefined {
  if (typeof index === 'string' && /^\d{1,9}$/.test(index)) return Number(index);
  return typeof index === 'number' ? index : undefined;
}

function isComplete(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

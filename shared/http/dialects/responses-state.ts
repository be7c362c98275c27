import * as z from 'zod';
import { AppError } from '../../contracts/app-error.ts';
import type { ThinkingBlock } from '../../contracts/chat-provider.ts';

/**
 * What a vendor wants back on the next turn and the Responses API has no field for: signed thinking, and signatures on
 * calls and texts. It travels in `encrypted_content` of a reasoning item, as base64url of JSON. It is not encrypted: it
 * holds nothing but the answer's own parts.
 */
export interface ReasoningState {
  readonly thinkingBlocks: readonly ThinkingBlock[];
  /** `extra_content` of tool calls, by the id of the call. */
  readonly callExtras: Readonly<Record<string, ExtraContent>>;
  /** `extra_content` of the message. */
  readonly messageExtra?: ExtraContent;
}

export type ExtraContent = Readonly<Record<string, unknown>>;

const extraContent = z.record(z.string(), z.unknown());

const stateSchema = z.strictObject({
  sluice: z.literal(1),
  thinking_blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string() }),
        z.strictObject({ type: z.literal('redacted_thinking'), data: z.string() }),
      ]),
    )
    .optional(),
  tool_calls: z.record(z.string(), extraContent).optional(),
  extra_content: extraContent.optional(),
});

export function encodeReasoningState({ thinkingBlocks, callExtras, messageExtra }: ReasoningState): string {
  const state: z.input<typeof stateSchema> = {
    sluice: 1,
    ...(thinkingBlocks.length === 0 ? {} : { thinking_blocks: [...thinkingBlocks] }),
    ...(Object.keys(callExtras).length === 0 ? {} : { tool_calls: { ...callExtras } }),
    ...(messageExtra === undefined ? {} : { extra_content: { ...messageExtra } }),
  };
  return Buffer.from(JSON.stringify(state)).toString('base64url');
}

/** @throws AppError `invalid_request` for text that did not come from here. */
export function decodeReasoningState(encoded: string, param: string): ReasoningState {
  const parsed = stateSchema.safeParse(parseJson(Buffer.from(encoded, 'base64url').toString()));
  if (!parsed.success) {
    throw new AppError(
      'invalid_request',
      `${param} was not made by this service, which cannot read it; leave it out, or send it where it came from.`,
      { param },
    );
  }
  const {
    thinking_blocks: thinkingBlocks = [],
    tool_calls: callExtras = {},
    extra_content: messageExtra,
  } = parsed.data;
  return { thinkingBlocks, callExtras, ...(messageExtra === undefined ? {} : { messageExtra }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { ThinkingBlock } from '../../contracts/chat-provider.ts';
import type { ChatBody } from '../schemas/chat-schema.ts';
import type { AssistantBlock, MessagesBody } from '../schemas/messages-schema.ts';

/**
 * Thinking in Anthropic's terms and in ours.
 *
 * Anthropic's blocks are signed, and clients must send them back as they came. Other vendors' thinking has no signature:
 * it goes out with one of our own, by which it is recognised on its way back and kept from whoever checks signatures.
 */
export const UNSIGNED = 'sluice:unsigned';

type Effort = NonNullable<ChatBody['reasoning_effort']>;

/**
 * Largest thinking budget, in tokens, of each effort: the inverse of what providers with budgets make of an effort. It
 * ends with `high`, because efforts above it are refused by most models outside Anthropic's, and a budget is a ceiling.
 */
const BUDGETS: readonly (readonly [number, Effort])[] = [
  [2048, 'low'],
  [8192, 'medium'],
  [Number.POSITIVE_INFINITY, 'high'],
];

/** The effort a request asks for. An effort that is named counts more than a budget; thinking turned off, most of all. */
export function toReasoningEffort({
  thinking,
  output_config: output,
}: Pick<MessagesBody, 'thinking' | 'output_config'>): Effort | undefined {
  // Between tools: the way some models have of turning thinking off.
  if (thinking?.type === 'disabled' || thinking?.type === 'between_tools') return 'none';
  if (output?.effort) return output.effort;
  if (thinking?.type === 'adaptive') return 'high';
  if (thinking?.type !== 'enabled') return undefined;
  return BUDGETS.find(([most]) => thinking.budget_tokens <= most)?.[1];
}

export interface ThinkingDisplay {
  /** Thinking is answered with its signature alone. */
  readonly isOmitted: boolean;
  /** Thinking without a signature is of use to nobody, and kept back. */
  readonly isSignedOnly: boolean;
}

/** What a request wants to see of the thinking. Signed blocks are always answered: a later turn needs them. */
export function toThinkingDisplay({ thinking }: Pick<MessagesBody, 'thinking'>): ThinkingDisplay {
  const isOmitted = thinking !== undefined && 'display' in thinking && thinking.display === 'omitted';
  const isOff = thinking?.type === 'disabled' || thinking?.type === 'between_tools';
  return { isOmitted, isSignedOnly: isOmitted || isOff };
}

export interface TurnThinking {
  readonly reasoning_content?: string;
  readonly thinking_blocks?: ThinkingBlock[];
}

/** The thinking of an assistant turn: all of its text, and the blocks that were really signed. */
export function toTurnThinking(blocks: readonly AssistantBlock[]): TurnThinking {
  let reasoning = '';
  const signed: ThinkingBlock[] = [];
  for (const block of blocks) {
    if (block.type === 'redacted_thinking') signed.push({ type: 'redacted_thinking', data: block.data });
    if (block.type !== 'thinking') continue;
    reasoning += block.thinking;
    if (!isForeign(block)) signed.push({ type: 'thinking', thinking: block.thinking, signature: block.signature });
  }
  return {
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(signed.length > 0 ? { thinking_blocks: signed } : {}),
  };
}

/** Whether thinking was signed by nobody: then it is another vendor's. */
export function isForeign({ signature }: { readonly signature: string }): boolean {
  return signature === '' || signature === UNSIGNED;
}

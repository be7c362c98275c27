import { estimateTokens } from '../../usage/tokens.ts';
import type { CountTokensBody, MessagesTurn } from '../schemas/messages-schema.ts';

/** Anthropic's `count_tokens` answer. Ours is an estimate, and says so: the model that will answer is not known yet. */
export interface TokenCount {
  readonly input_tokens: number;
  readonly sluice: { readonly estimated: true };
}

/** Role and boundaries of a turn, and the same for a tool definition. */
const TURN_TOKENS = 4;
/** What tool use adds to the system prompt. */
const TOOLS_TOKENS = 300;
/** A picture of about a megapixel; larger ones are scaled down to it. */
const IMAGE_TOKENS = 1_500;
/** A page of a PDF, as text and picture, and how many base64 characters it usually takes. */
const PAGE_TOKENS = 2_500;
const PAGE_CHARACTERS = 100_000;

type Block = Exclude<MessagesTurn['content'], string>[number];

/** How many input tokens a Messages request is likely to cost. */
export function toTokenCount({ system, messages, tools = [], ...body }: CountTokensBody): TokenCount {
  const format = body.output_config?.format ?? body.output_format;
  const fixed =
    countContent(system ?? '') +
    (tools.length > 0 ? TOOLS_TOKENS : 0) +
    (format ? estimateTokens(JSON.stringify(format.schema)) : 0);
  const turns = messages.reduce((sum, { content }) => sum + TURN_TOKENS + countContent(content), 0);
  const definitions = tools.reduce((sum, tool) => sum + TURN_TOKENS + estimateTokens(JSON.stringify(tool)), 0);
  return { input_tokens: fixed + turns + definitions, sluice: { estimated: true } };
}

function countContent(content: string | readonly Block[]): number {
  if (typeof content === 'string') return estimateTokens(content);
  return content.reduce((sum, block) => sum + countBlock(block), 0);
}

function countBlock(block: Block): number {
  switch (block.type) {
    case 'text':
      return estimateTokens(block.text);
    case 'image':
      return IMAGE_TOKENS;
    case 'document':
      return estimateTokens(`${block.title ?? ''} ${block.context ?? ''}`) + countSource(block.source);
    case 'tool_use':
      return TURN_TOKENS + estimateTokens(block.name) + estimateTokens(JSON.stringify(block.input));
    case 'tool_result':
      return TURN_TOKENS + countContent(block.content ?? '');
    case 'thinking':
    case 'redacted_thinking':
      // Thinking of earlier turns is not charged as input.
      return 0;
    default:
      return estimateTokens(JSON.stringify(block));
  }
}

function countSource(source: Extract<Block, { type: 'document' }>['source']): number {
  switch (source.type) {
    case 'text':
      return estimateTokens(source.data);
    case 'content':
      return countContent(source.content);
    case 'url':
      return PAGE_TOKENS;
    case 'base64':
      return PAGE_TOKENS * Math.ceil(source.data.length / PAGE_CHARACTERS);
  }
}

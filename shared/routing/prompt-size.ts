import type { ChatMessage, ChatRequest } from '../contracts/chat-provider.ts';
import { estimateTokens } from '../usage/tokens.ts';

/** What a prompt is likely to be charged as, before any model has counted it. */
export interface PromptSize {
  readonly tokens: number;
}

/** The parts of a request that are input. */
export type PromptParts = Pick<ChatRequest, 'messages' | 'tools' | 'functions' | 'response_format'>;

/** Role and boundaries of a message, and the same for a tool definition or a call. */
const TURN_TOKENS = 4;
/** A picture of about a megapixel; larger ones are scaled down to it. */
const IMAGE_TOKENS = 1_500;
/** A page of a PDF, as text and picture, and how many base64 characters it usually takes. */
const PAGE_TOKENS = 2_500;
const PAGE_CHARACTERS = 100_000;
/** Compressed and plain audio lie on both sides of this many base64 characters a token. */
const AUDIO_CHARACTERS_PER_TOKEN = 1_000;

/** The size of a request's input: messages, tool definitions, the schema of the answer. */
export function measurePrompt({ messages, tools, functions, response_format: format }: PromptParts): PromptSize {
  let tokens = 0;
  const addText = (text: string): void => {
    tokens += estimateTokens(text);
  };
  for (const message of messages) {
    tokens += TURN_TOKENS;
    for (const part of partsOf(message)) {
      if (typeof part === 'string') addText(part);
      else tokens += mediaTokens(part);
    }
    for (const text of callTexts(message)) {
      tokens += TURN_TOKENS;
      addText(text);
    }
  }
  for (const definition of [...(tools ?? []), ...(functions ?? [])]) {
    tokens += TURN_TOKENS;
    addText(JSON.stringify(definition));
  }
  if (format?.type === 'json_schema') addText(JSON.stringify(format.json_schema));
  return { tokens };
}

/** Whether a message holds a picture. */
export function hasImages({ messages }: Pick<ChatRequest, 'messages'>): boolean {
  return messages.some(({ content }) => Array.isArray(content) && content.some(({ type }) => type === 'image_url'));
}

type ContentPart = Exclude<NonNullable<ChatMessage['content']>, string>[number];

/** Texts as they are, anything else as its part. */
function partsOf({ content }: ChatMessage): (string | ContentPart)[] {
  if (typeof content === 'string') return [content];
  return (content ?? []).map((part: ContentPart) => {
    if (part.type === 'text') return part.text;
    return part.type === 'refusal' ? part.refusal : part;
  });
}

function callTexts(message: ChatMessage): string[] {
  if (message.role !== 'assistant') return [];
  return (message.tool_calls ?? []).map((call) =>
    call.type === 'function'
      ? `${call.function.name} ${call.function.arguments}`
      : `${call.custom.name} ${call.custom.input}`,
  );
}

function mediaTokens(part: ContentPart): number {
  switch (part.type) {
    case 'input_audio':
      return Math.ceil(part.input_audio.data.length / AUDIO_CHARACTERS_PER_TOKEN);
    case 'file':
      return PAGE_TOKENS * Math.max(1, Math.ceil((part.file.file_data?.length ?? 0) / PAGE_CHARACTERS));
    default:
      // Video and audio by URL too: their length is not known here.
      return IMAGE_TOKENS;
  }
}

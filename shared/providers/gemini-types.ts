import type {
  Content,
  FunctionCallingConfig,
  GenerationConfig,
  LogprobsResult,
  Part,
  ThinkingConfig,
  Tool,
  ToolConfig,
} from '@google/genai';
import type { GroundingMetadata, UsageMetadata } from '@google-cloud/vertexai';

/** Which of the two services a request goes to. They differ in address, credential and a few fields. */
export type GeminiBackend = 'gemini' | 'vertexai';

/** The SDKs write enumerations as TypeScript enums; on the wire, and here, they are words. */
type Words<T> = { [Field in keyof T]: T[Field] extends string | undefined ? `${NonNullable<T[Field]>}` : T[Field] };

export type GeminiThinkingConfig = Words<ThinkingConfig>;

export type GeminiGenerationConfig = Omit<GenerationConfig, 'thinkingConfig' | 'responseSchema'> & {
  thinkingConfig?: GeminiThinkingConfig;
  responseSchema?: unknown;
};

export type GeminiToolConfig = Omit<ToolConfig, 'functionCallingConfig'> & {
  functionCallingConfig?: Omit<FunctionCallingConfig, 'mode'> & { mode: 'AUTO' | 'ANY' | 'NONE' };
};

/** Body of `generateContent` and `streamGenerateContent` (https://ai.google.dev/api/generate-content). */
export interface GeminiBody {
  contents: Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  toolConfig?: GeminiToolConfig;
  generationConfig?: GeminiGenerationConfig;
}

/** An answer, or one event of a stream, as loose as it comes: every field may be missing or null. */
export interface GeminiAnswer {
  readonly candidates?: readonly (GeminiCandidate | null)[] | null;
  readonly promptFeedback?: { readonly blockReason?: string | null } | null;
  readonly usageMetadata?: GeminiUsage | null;
  readonly modelVersion?: string | null;
  readonly responseId?: string | null;
  readonly createTime?: string | null;
  readonly error?: unknown;
  /** Of an answer in OpenAI's form. */
  readonly choices?: unknown;
}

export interface GeminiCandidate {
  readonly content?: { readonly parts?: readonly (Part | null)[] | null } | null;
  readonly finishReason?: string | null;
  readonly index?: number | null;
  readonly groundingMetadata?: GroundingMetadata | null;
  readonly logprobsResult?: LogprobsResult | null;
}

export type GeminiUsage = {
  readonly [Field in keyof UsageMetadata | 'thoughtsTokenCount' | 'toolUsePromptTokenCount']?: number | null;
};

/** Ollama's native API (https://docs.ollama.com/api), as far as it is used here. */

export interface OllamaToolCall {
  readonly function: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
}

export interface OllamaMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Base64 without a data URL around it. */
  readonly images?: readonly string[];
  readonly thinking?: string;
  readonly tool_calls?: readonly OllamaToolCall[];
  /** Of a tool's result: the function that was called. */
  readonly tool_name?: string;
}

export interface OllamaTool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
}

export interface OllamaOptions {
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly repeat_penalty?: number;
  readonly num_predict?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presence_penalty?: number;
  readonly frequency_penalty?: number;
  readonly num_ctx?: number;
}

/** `json` for any object, or the schema itself. */
export type OllamaFormat = 'json' | Readonly<Record<string, unknown>>;

/** Levels are understood by gpt-oss alone, which in turn cannot be switched off. */
export type OllamaThink = boolean | 'low' | 'medium' | 'high';

interface OllamaBody {
  readonly model: string;
  readonly stream: boolean;
  readonly format?: OllamaFormat;
  readonly options?: OllamaOptions;
  readonly think?: OllamaThink;
  /** How long the model stays loaded: seconds or a Go duration such as `10m`; -1 for ever. */
  readonly keep_alive?: string | number;
  /** The server cuts a prompt that is too long, and says nothing, unless it is told not to. */
  readonly truncate: false;
  readonly logprobs?: boolean;
  readonly top_logprobs?: number;
}

export interface OllamaChatBody extends OllamaBody {
  readonly messages: readonly OllamaMessage[];
  readonly tools?: readonly OllamaTool[];
}

export interface OllamaGenerateBody extends OllamaBody {
  readonly prompt: string;
  readonly suffix?: string;
  readonly system?: string;
  readonly images?: readonly string[];
}

/** What an operator sets for every request, because OpenAI's request has no field for it. */
export interface OllamaSettings {
  /** See `keep_alive`. Default: the server's own, five minutes. */
  readonly keepAlive?: string | number | undefined;
  /** Context window in tokens to load the model with. Default: the server's own. */
  readonly contextLength?: number | undefined;
}

/** An answer as it comes: any field may be missing or of another type. */
export type LooseAnswer = Readonly<Record<string, unknown>>;

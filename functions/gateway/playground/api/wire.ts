/** The service's answers, as far as the page reads them. */

export interface ModelObject {
  readonly id: string;
  readonly sluice: {
    readonly kind: 'agent' | 'model' | 'embedding';
    readonly provider: string;
    readonly model: string;
    readonly context_window: number | null;
    readonly prices: {
      readonly unit: 'per_1m_tokens' | 'per_1k_characters';
      readonly input: number;
      readonly output: number | null;
    } | null;
    /** Legs of an agent, in order. */
    readonly cascade?: readonly string[];
  };
}

export interface Attempt {
  readonly provider: string;
  readonly model: string;
  /** Why it failed; absent on the one that answered. */
  readonly code?: string;
  readonly latency_ms: number;
}

export interface Citation {
  readonly index: number;
  readonly id: string;
  readonly document_id: string;
  readonly title?: string;
  readonly source?: string;
  readonly score: number;
  readonly start?: number;
  readonly end?: number;
  readonly content?: string;
}

export interface AnswerFacts {
  readonly provider: string;
  readonly model: string;
  readonly attempts: readonly Attempt[];
  readonly cost_usd: number | null;
  readonly cached: boolean;
  readonly citations?: readonly Citation[];
  readonly steps?: readonly unknown[];
}

export interface TokenUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface ChatChunk {
  readonly choices: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: TokenUsage | null;
  readonly sluice?: AnswerFacts;
  readonly error?: ErrorBody['error'];
}

export interface ErrorBody {
  readonly error?: { readonly message?: string; readonly code?: string | null; readonly param?: string | null };
  readonly sluice?: { readonly attempts?: readonly Attempt[] };
}

/** Offsets into a content, `end` not included. */
export interface Highlight {
  readonly start: number;
  readonly end: number;
}

export type Metadata = Readonly<Record<string, unknown>>;

export interface SearchResult {
  readonly id: string;
  readonly document_id: string;
  readonly score: number;
  readonly scores?: { readonly vector?: number; readonly lexical: number };
  readonly content: string;
  readonly metadata: Metadata;
  readonly highlights?: readonly Highlight[];
}

export interface SearchAnswer {
  readonly data: readonly SearchResult[];
  readonly usage: { readonly total_tokens: number };
  readonly sluice: { readonly cost_usd: number | null; readonly reads?: number | null };
}

export interface DocumentObject {
  readonly id: string;
  readonly status: string;
  readonly chunks: number;
  readonly embedded?: number;
  readonly skipped?: number;
  readonly tokens?: number;
  readonly cost_usd?: number | null;
  readonly error?: { readonly code: string; readonly message: string };
  readonly updated_at?: string;
}

export interface UsageFigures {
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly cost_usd: number | null;
  readonly unpriced: number;
}

export type DayFigures = UsageFigures & { readonly day: string };

export interface UsageReport {
  readonly scope: 'all' | 'tenant' | 'key';
  readonly today: DayFigures;
  readonly period: UsageFigures & {
    readonly from: string;
    readonly to: string;
    readonly by?: Readonly<Record<string, Readonly<Record<string, UsageFigures>>>>;
  };
  /** Today first. */
  readonly days: readonly DayFigures[];
  readonly limits: readonly {
    readonly name: string;
    readonly unit: 'tokens' | 'usd';
    readonly limit: number;
    readonly used: number;
  }[];
  readonly resets_at: string;
}

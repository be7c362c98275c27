import type { AppError, ErrorCode } from '../contracts/app-error.ts';
import type { Call } from './call.ts';

export interface Target {
  readonly provider: string;
  readonly model: string;
}

/** A request to the service is over. */
export interface CallFinished {
  readonly call: Call;
  readonly method: string;
  /** Pattern of the route: bounded, unlike the path. */
  readonly route: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly error?: AppError;
}

/** How a leg ended: `broken` is a stream that broke off after its first output, `cancelled` the caller's doing. */
export type LegOutcome = 'answered' | 'failed' | 'broken' | 'cancelled';

/** A leg of a cascade is over, its retries included; of a stream, when it has ended. */
export interface LegFinished extends Target {
  readonly call: Call;
  readonly outcome: LegOutcome;
  /** Absent when it answered. */
  readonly error?: AppError;
  /** Whether anything was sent: a leg that was refused here says nothing about its provider. */
  readonly isSent: boolean;
  readonly latencyMs: number;
  /** Of streams: to the first output. */
  readonly firstTokenMs?: number;
  /** Its place in the cascade, from 1. */
  readonly position: number;
  /** Requests that were sent, retries and other keys included. */
  readonly sends: number;
  readonly streamed: boolean;
  readonly promptTokens?: number;
  readonly completionTokens?: number;
  readonly cachedTokens?: number;
  /** Null when the price is not known. */
  readonly costUsd?: number | null;
  readonly finishReason?: string;
  /** What the provider calls the model that answered. */
  readonly responseModel?: string;
  /** Only where `observability.log_content` is on. */
  readonly content?: LegContent;
}

export interface LegContent {
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
  readonly answer: string;
}

export interface LegRetried extends Target {
  readonly call: Call;
  readonly code: ErrorCode;
  /** Of the attempts that failed, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
}

export interface CircuitChanged extends Target {
  readonly state: 'closed' | 'open' | 'half_open';
}

/** The guard refused an outgoing request. */
export interface RequestBlocked {
  /** One of few words. */
  readonly reason: string;
  /** Name of the target in the configuration; never an address. */
  readonly target: string;
}

/** A document was ingested, or could not be. */
export interface DocumentIngested {
  readonly via: 'request' | 'event';
  /** `ready`, `unchanged`, `deleted`, `failed`, `dead_letter`, `ignored`. */
  readonly outcome: string;
  /** From the writing of the document to now. */
  readonly lagMs?: number;
}

/** One request to an embedding model is over. */
export interface TextsEmbedded extends Target {
  readonly texts: number;
  readonly tokens?: number;
  readonly latencyMs: number;
  readonly error?: AppError;
}

/** What a request had embedded, over all its texts, is counted and priced. */
export interface EmbeddingsCharged extends Target {
  readonly tokens: number;
  /** Null when the price is not known. */
  readonly costUsd: number | null;
  readonly tenant: string | null;
  readonly key: string | undefined;
}

/** One query to the vector store is over. */
export interface StoreSearched {
  readonly store: string;
  readonly collection: string;
  readonly results: number;
  readonly latencyMs: number;
  readonly error?: AppError;
}

/** A tool of an agent was run. */
export interface ToolFinished {
  readonly tool: string;
  readonly latencyMs: number;
  readonly error?: AppError;
}

/** The day's cost went above `observability.cost_alert_threshold`: told once a day. */
export interface CostAlert {
  readonly day: string;
  readonly thresholdUsd: number;
  readonly costUsd: number;
}

export interface TelemetryEvents {
  readonly callFinished: CallFinished;
  readonly legFinished: LegFinished;
  readonly legRetried: LegRetried;
  readonly circuitChanged: CircuitChanged;
  readonly requestBlocked: RequestBlocked;
  readonly documentIngested: DocumentIngested;
  readonly textsEmbedded: TextsEmbedded;
  readonly embeddingsCharged: EmbeddingsCharged;
  readonly storeSearched: StoreSearched;
  readonly toolFinished: ToolFinished;
  readonly costAlert: CostAlert;
  /** A stream has its first output, 1, or is over, -1. */
  readonly streamsChanged: 1 | -1;
}

/**
 * What happens, as it is over, for whoever keeps account of it. Events are told once per call or leg and never per
 * piece of a stream. Telling costs some microseconds, and never throws.
 */
export type Telemetry = { readonly [Name in keyof TelemetryEvents]: (event: TelemetryEvents[Name]) => void };

/** One place that events go to; it takes those that it is about. */
export type TelemetrySink = Partial<Telemetry>;

const NAMES = [
  'callFinished',
  'legFinished',
  'legRetried',
  'circuitChanged',
  'requestBlocked',
  'documentIngested',
  'textsEmbedded',
  'embeddingsCharged',
  'storeSearched',
  'toolFinished',
  'costAlert',
  'streamsChanged',
] as const satisfies readonly (keyof TelemetryEvents)[];

/** Tells every event to every sink that takes it. A sink that fails costs its own record, and no request. */
export function createTelemetry(sinks: readonly TelemetrySink[]): Telemetry {
  const told = <Name extends keyof TelemetryEvents>(name: Name): Telemetry[Name] => {
    const takers = sinks.flatMap((sink) => sink[name] ?? []) as ((event: TelemetryEvents[Name]) => void)[];
    return ((event: TelemetryEvents[Name]) => {
      for (const take of takers) {
        try {
          take(event);
        } catch {
          // Whoever called has its own work to do.
        }
      }
    }) as Telemetry[Name];
  };
  return Object.fromEntries(NAMES.map((name) => [name, told(name)])) as unknown as Telemetry;
}

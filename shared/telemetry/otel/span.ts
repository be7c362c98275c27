import type { TraceContext } from '../trace-context.ts';

export type AttributeValue = string | number | boolean | readonly string[];
/** Members that are undefined are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** What happened, told when it is over. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Code of the error; absent when it went well. */
  readonly error?: string | undefined;
}

/** A place in a trace that spans can be put below. */
export type SpanParent = Required<Pick<TraceContext, 'traceId' | 'spanId'>>;

/** Where spans of a call go; undefined when it is not sampled. */
export function toParent(trace: TraceContext | undefined): SpanParent | undefined {
  return trace?.sampled && trace.spanId !== undefined ? { traceId: trace.traceId, spanId: trace.spanId } : undefined;
}

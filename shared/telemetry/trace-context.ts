import { randomBytes } from 'node:crypto';

/** Where a request stands in a trace. Ids are lower-case hexadecimal: 32 digits for traces, 16 for spans. */
export interface TraceContext {
  readonly traceId: string;
  /** The caller's span, as its header names it. */
  readonly parentSpanId?: string;
  /** The request's own span; only where spans are exported. */
  readonly spanId?: string;
  readonly sampled: boolean;
}

type ReadHeader = (name: string) => string | undefined;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
const CLOUD_TRACE = /^([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;o=(\d))?$/i;
const MAX_SPAN_ID = 2n ** 64n;

/**
 * The trace of a request by its headers: `traceparent` (https://www.w3.org/TR/trace-context/), else Google's
 * `X-Cloud-Trace-Context: TRACE/SPAN;o=1`, whose span is a decimal number. Undefined when neither is well formed.
 */
export function readTraceContext(header: ReadHeader): TraceContext | undefined {
  const standard = header('traceparent');
  if (standard !== undefined) {
    const [, version, traceId = '', parentSpanId = '', flags = '00'] = TRACEPARENT.exec(standard) ?? [];
    if (version !== undefined && version !== 'ff' && isId(traceId) && isId(parentSpanId)) {
      return { traceId, parentSpanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
    }
  }
  const google = header('x-cloud-trace-context');
  if (google === undefined) return undefined;
  const [, trace, span, sampled] = CLOUD_TRACE.exec(google) ?? [];
  const traceId = trace?.toLowerCase();
  if (traceId === undefined || !isId(traceId)) return undefined;
  const parentSpanId = toSpanId(span);
  return { traceId, ...(parentSpanId === undefined ? {} : { parentSpanId }), sampled: sampled === '1' };
}

/**
 * The same with a span of our own, in a new trace where the request brings none. A share of `ratio` of all traces is
 * sampled, the same ones on every instance, and whatever the caller has sampled.
 */
export function startTrace(header: ReadHeader, ratio: number): TraceContext {
  const given = readTraceContext(header);
  const traceId = given?.traceId ?? randomBytes(16).toString('hex');
  return { ...given, traceId, spanId: newSpanId(), sampled: given?.sampled === true || isWithin(traceId, ratio) };
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/** By the random half of the id, as OpenTelemetry's own sampler by ratio. */
function isWithin(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-8), 16) < ratio * 2 ** 32;
}

function isId(id: string): boolean {
  return !/^0*$/.test(id);
}

function toSpanId(decimal: string | undefined): string | undefined {
  if (decimal === undefined) return undefined;
  const number = BigInt(decimal);
  return number === 0n || number >= MAX_SPAN_ID ? undefined : number.toString(16).padStart(16, '0');
}

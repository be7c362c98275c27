import { describe, expect, it } from 'vitest';
import { readTraceContext, startTrace } from '../../../shared/telemetry/trace-context.ts';

const TRACE = '06796866738c859f2f19b7cfb3214824';
const SPAN = '00f067aa0ba902b7';
const headers = (values: Readonly<Record<string, string>>) => (name: string) => values[name];

describe('the trace of a request', () => {
  it('is read from traceparent', () => {
    expect(readTraceContext(headers({ traceparent: `00-${TRACE}-${SPAN}-01` }))).toEqual({
      traceId: TRACE,
      parentSpanId: SPAN,
      sampled: true,
    });
    expect(readTraceContext(headers({ traceparent: `00-${TRACE}-${SPAN}-00` }))?.sampled).toBe(false);
    expect(readTraceContext(headers({ traceparent: `01-${TRACE}-${SPAN}-01-more` }))?.traceId).toBe(TRACE);
  });

  it('is read from Google’s header, whose span is a decimal number', () => {
    const read = (value: string) => readTraceContext(headers({ 'x-cloud-trace-context': value }));
    expect(read(`${TRACE.toUpperCase()}/74;o=1`)).toEqual({
      traceId: TRACE,
      parentSpanId: '000000000000004a',
      sampled: true,
    });
    expect(read(`${TRACE}/18446744073709551615;o=0`)).toEqual({
      traceId: TRACE,
      parentSpanId: 'ffffffffffffffff',
      sampled: false,
    });
    expect(read(TRACE)).toEqual({ traceId: TRACE, sampled: false });
    expect(read(`${TRACE}/18446744073709551616`)).toEqual({ traceId: TRACE, sampled: false });
  });

  it('prefers the standard header', () => {
    const both = headers({ traceparent: `00-${TRACE}-${SPAN}-01`, 'x-cloud-trace-context': `${'1'.repeat(32)}/1;o=0` });
    expect(readTraceContext(both)?.traceId).toBe(TRACE);
  });

  it.each([
    '',
    'nonsense',
    `00-${TRACE}-${SPAN}`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\nx`,
    'x'.repeat(100_000),
  ])('is none for %.40j', (value) => {
    expect(readTraceContext(headers({ traceparent: value }))).toBeUndefined();
    expect(readTraceContext(headers({ 'x-cloud-trace-context': value }))).toBeUndefined();
  });

  it('begins here when the request brings none, with a share of all sampled', () => {
    const begun = startTrace(() => undefined, 1);
    expect(begun.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(begun.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(begun.sampled).toBe(true);
    expect(startTrace(() => undefined, 0).sampled).toBe(false);
    const sampled = Array.from({ length: 2_000 }, () => startTrace(() => undefined, 0.25)).filter((one) => one.sampled);
    expect(sampled.length).toBeGreaterThan(350);
    expect(sampled.length).toBeLessThan(650);
  });

  it('goes on where its caller sampled it, and is decided by its id alone otherwise', () => {
    const one = (flags: string) => startTrace(headers({ traceparent: `00-${TRACE}-${SPAN}-${flags}` }), 0);
    expect(one('01')).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, sampled: true });
    expect(one('00').sampled).toBe(false);
    expect(startTrace(headers({ traceparent: `00-${TRACE}-${SPAN}-00` }), 1).sampled).toBe(true);
  });
});

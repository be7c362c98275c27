import { describe, expect, it } from 'vitest';
import { createLegLatency } from '../../../shared/routing/leg-latency.ts';

function start() {
  const clock = { ms: 0 };
  return { clock, latency: createLegLatency({ now: () => clock.ms }) };
}

const leg = { provider: 'openai', model: 'm', timeoutMs: 60_000 } as const;

describe('the latency of a leg', () => {
  it('is unknown until a call was made', () => {
    expect(start().latency.estimateMs(leg)).toBeUndefined();
  });

  it('follows the calls slowly', () => {
    const { latency } = start();
    latency.record(leg, { latencyMs: 100, failed: false });
    expect(latency.estimateMs(leg)).toBe(100);
    latency.record(leg, { latencyMs: 600, failed: false });
    expect(latency.estimateMs(leg)).toBe(200);
  });

  it('takes a failure for the slowest call there could be, however fast it came, until a call succeeds', () => {
    const { latency } = start();
    latency.record(leg, { latencyMs: 100, failed: false });
    latency.record(leg, { latencyMs: 3, failed: true });
    expect(latency.estimateMs(leg)).toBe(60_000);
    latency.record(leg, { latencyMs: 100, failed: false });
    expect(latency.estimateMs(leg)).toBe(100);
  });

  it('is forgotten after five minutes without a call, so that a slow leg is tried again', () => {
    const { clock, latency } = start();
    latency.record(leg, { latencyMs: 100, failed: true });
    clock.ms = 5 * 60_000 - 1;
    expect(latency.estimateMs(leg)).toBe(60_000);
    clock.ms = 5 * 60_000;
    expect(latency.estimateMs(leg)).toBeUndefined();
  });

  it('is kept apart by endpoint and location', () => {
    const { latency } = start();
    latency.record(leg, { latencyMs: 100, failed: false });
    expect(latency.estimateMs({ ...leg, endpoint: 'https://other.example' })).toBeUndefined();
    expect(latency.estimateMs({ ...leg, location: 'europe-west1' })).toBeUndefined();
  });

  it('is kept for a thousand legs, the latest ones', () => {
    const { latency } = start();
    for (let index = 0; index < 1_001; index += 1) {
      latency.record({ ...leg, model: `m${index}` }, { latencyMs: 1, failed: false });
    }
    expect(latency.estimateMs({ ...leg, model: 'm0' })).toBeUndefined();
    expect(latency.estimateMs({ ...leg, model: 'm1' })).toBe(1);
  });
});

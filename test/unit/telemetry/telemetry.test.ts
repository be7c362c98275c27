import { expect, it } from 'vitest';
import { createTelemetry } from '../../../shared/telemetry/telemetry.ts';

it('tells every sink that takes an event, and survives one that fails', () => {
  const told: string[] = [];
  const telemetry = createTelemetry([
    {
      requestBlocked: () => {
        throw new Error('a sink is down');
      },
    },
    { requestBlocked: ({ reason }) => void told.push(reason) },
    { costAlert: () => void told.push('alert') },
  ]);
  telemetry.requestBlocked({ reason: 'private', target: 'ollama' });
  telemetry.streamsChanged(1);
  expect(told).toEqual(['private']);
});

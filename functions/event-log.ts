import type { EventOutcome } from '../shared/app/documents/ingest-event.ts';
import { describeError, type Log } from '../shared/telemetry/log.ts';

/** The line of an event that was handled; the platform does not deliver it again. */
export function logDocument(log: Log, functionName: string, { status, facts }: EventOutcome): void {
  const isFailure = status === 'failed' || status === 'dead_letter';
  log(isFailure ? 'ERROR' : 'INFO', `document ${status}`, { function: functionName, ...facts });
}

/** The line of an event that will be delivered again. */
export function logDelay(log: Log, functionName: string, error: unknown): void {
  log('WARNING', 'document not ingested yet', { function: functionName, error: describeError(error) });
}

import { cloudEvent } from '@google-cloud/functions-framework';
import type { EventReference } from '../shared/app/observation/observation.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import { createBodyRoom } from '../shared/http/body-room.ts';
import { installFrontDoor } from '../shared/http/front-door.ts';
import { createLog } from '../shared/telemetry/log.ts';
import { logDelay, logDocument } from './event-log.ts';
import { exitWithProblems, hostCheckOf, startApp } from './register.ts';

/** An event holds a document before and after, of 1 MiB at most each; the platform delivers up to 16 MiB. */
const MAX_EVENT_BYTES = 16 * 1_048_576;

/**
 * Registers a function for the event that a document was written to Firestore. An event whose handler rejects is
 * delivered again where the trigger is set up to retry.
 */
export async function registerDocumentEvent(name: string): Promise<void> {
  const { app, config } = await startApp();
  if (config.ingestion.store !== 'firestore') {
    const message = 'There are no documents in Firestore. Set ingestion.store: firestore in the configuration.';
    exitWithProblems(new AppError('configuration', message));
  }
  installFrontDoor({
    maxBodyBytes: () => MAX_EVENT_BYTES,
    ...hostCheckOf(config),
    bodyRoom: createBodyRoom(config.limits.bodyBytesInFlight),
    onTerminate: () => app.close(),
  });
  const log = createLog();
  cloudEvent(name, async (event: unknown) => {
    try {
      const receive = async () => (await app.documents.get()).receive(event);
      logDocument(log, name, await app.observation.event(name, event as EventReference, receive));
    } catch (error) {
      logDelay(log, name, error);
      throw error;
    }
  });
}

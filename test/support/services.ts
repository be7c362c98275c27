import { describe, inject } from 'vitest';
import { isRedisInstalled } from './redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the Firestore emulator of this run, null when there is none. */
    firestoreEmulator: string | null;
  }
}

/** A Google Cloud project id that exists nowhere, which the emulator takes for granted. */
export const EMULATOR_PROJECT = 'demo-sluice';

/**
 * A suite that needs the Firestore emulator. Where there is none the suite is skipped, and its title says why.
 * Inside, `@google-cloud/firestore` reaches the emulator without further settings.
 */
export function describeWithFirestore(title: string, suite: (emulatorHost: string) => void): void {
  const host = inject('firestoreEmulator');
  if (host === null || host === undefined) {
    describe.skip(`${title} [no Firestore emulator: install it, or set FIRESTORE_EMULATOR_JAR]`, () => suite(''));
    return;
  }
  // The client library reads these; without the second one it looks for a metadata server and waits.
  process.env.FIRESTORE_EMULATOR_HOST = host;
  process.env.METADATA_SERVER_DETECTION = 'none';
  describe(title, () => suite(host));
}

/** A suite that starts Redis for itself. Where it is not installed the suite is skipped, and its title says why. */
export function describeWithRedis(title: string, suite: () => void): void {
  if (isRedisInstalled()) describe(title, suite);
  else describe.skip(`${title} [no redis-server: install it]`, suite);
}

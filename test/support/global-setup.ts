import type { TestProject } from 'vitest/node';
import { startFirestoreEmulator } from './firestore-emulator.ts';
// The type of what is provided below is declared there.
import type {} from './services.ts';

/**
 * Starts what integration tests need, once per run: the Firestore emulator, unless `FIRESTORE_EMULATOR_HOST` names one
 * that is already there. Without it the tests that need it are skipped, or the run fails when `REQUIRE_SERVICES=1`.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  process.env.METADATA_SERVER_DETECTION = 'none';
  const running = process.env.FIRESTORE_EMULATOR_HOST;
  if (running !== undefined && running !== '') {
    project.provide('firestoreEmulator', running);
    return undefined;
  }
  const emulator = await startFirestoreEmulator();
  if (emulator === undefined && process.env.REQUIRE_SERVICES === '1') {
    throw new Error('REQUIRE_SERVICES=1, but the Firestore emulator (or Java) is missing. Set FIRESTORE_EMULATOR_JAR.');
  }
  project.provide('firestoreEmulator', emulator?.host ?? null);
  return emulator?.stop;
}

import { isMissingFile } from '../shared/stores/firestore-errors.ts';

/** What Google's libraries say where there are no credentials at all. */
const NO_CREDENTIALS = /could not load the default credentials|unable to detect a project id/i;

/**
 * Without credentials Google's client drops promises beside the call that fails, and Node would end the command with their
 * stack before it can print the call's own error, which says what to do. Everything else still ends it.
 */
export function overlookCredentialFaults(): void {
  process.on('unhandledRejection', (reason) => {
    if (!isMissingFile(reason) && !(reason instanceof Error && NO_CREDENTIALS.test(reason.message))) throw reason;
  });
}

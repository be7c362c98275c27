/** What Google's libraries say where there are no credentials, or a file of theirs cannot be read. */
const NO_CREDENTIALS = /could not load the default credentials|unable to detect a project id/i;
const UNREADABLE: ReadonlySet<unknown> = new Set(['ENOENT', 'EACCES', 'EISDIR']);

/**
 * Without credentials Google's client drops promises beside the call that fails, and Node would end the command with their
 * stack before it can print the call's own error, which says what to do. Everything else still ends it.
 */
export function overlookCredentialFaults(): void {
  process.on('unhandledRejection', (reason) => {
    if (!isCredentialFault(reason)) throw reason;
  });
}

function isCredentialFault(reason: unknown): boolean {
  if (!(reason instanceof Error)) return false;
  return NO_CREDENTIALS.test(reason.message) || ('code' in reason && UNREADABLE.has(reason.code));
}

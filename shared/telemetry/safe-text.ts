/** Longest text that a log line, a label or an attribute takes over from a request. */
const MAX_CHARACTERS = 256;

/**
 * Control characters, C1 ones included, ends of lines and marks that turn the direction of text: what could forge a
 * line, a terminal's colours, or the look of what stands beside it.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const PLAIN = /^[\x20-\x7e]*$/;

/** A value that came from outside, fit to be written down: bounded, on one line, visible. */
export function safeText(text: string, maxCharacters = MAX_CHARACTERS): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters - 1).toWellFormed()}…` : text;
  return PLAIN.test(cut) ? cut : cut.toWellFormed().replace(UNSAFE, '\ufffd');
}

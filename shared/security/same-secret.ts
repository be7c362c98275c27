import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are the same, in a time that tells nothing about where they differ or how long they are. */
export function isSameSecret(first: string, second: string): boolean {
  return timingSafeEqual(sha256(first), sha256(second));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

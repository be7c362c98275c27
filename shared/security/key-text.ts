import { createHash, randomBytes } from 'node:crypto';

/** By which scanners of leaked secrets, and people, know what they have found. */
const PREFIX = 'sk-sluice-';
const SECRET_BYTES = 32;
const CHECK_CHARACTERS = 6;
const SHAPE = /^sk-sluice-([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})$/;
const HINT_CHARACTERS = PREFIX.length + 4;

/** A new key: 256 random bits, and a few characters by which a mistyped one is told without looking it up. */
export function createKeyText(): string {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return `${PREFIX}${secret}${checkOf(secret)}`;
}

/** Whether a text can be a key made here. Anybody can make one that can: it says nothing about who holds it. */
export function isKeyText(text: string): boolean {
  const [, secret, check] = SHAPE.exec(text) ?? [];
  return secret !== undefined && checkOf(secret) === check;
}

/** SHA-256 as 64 hexadecimal digits: of 256 random bits, nothing can be guessed from it. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The beginning of a key, which may be shown. */
export function hintOfKey(text: string): string {
  return text.slice(0, HINT_CHARACTERS);
}

function checkOf(secret: string): string {
  return createHash('sha256').update(`${PREFIX}${secret}`).digest('base64url').slice(0, CHECK_CHARACTERS);
}

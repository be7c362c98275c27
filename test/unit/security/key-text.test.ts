import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyText, hashOfKey, hintOfKey, isKeyText } from '../../../shared/security/key-text.ts';

describe('the text of an API key', () => {
  it('is 256 random bits behind a prefix that says what it is', () => {
    const keys = Array.from({ length: 100 }, createKeyText);
    for (const key of keys) {
      expect(key).toMatch(/^sk-sluice-[A-Za-z0-9_-]{49}$/);
      expect(Buffer.from(key.slice(10, 53), 'base64url')).toHaveLength(32);
      expect(isKeyText(key)).toBe(true);
    }
    expect(new Set(keys).size).toBe(100);
  });

  it('shows a mistyped character', () => {
    const key = createKeyText();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: key.length - 1 }), fc.constantFrom(...'abcXYZ019_-'), (at, character) => {
        const mistyped = key.slice(0, at) + character + key.slice(at + 1);
        expect(isKeyText(mistyped)).toBe(mistyped === key);
      }),
    );
  });

  it.each([
    '',
    'sk-sluice-',
    'sk-proj-abc',
    `sk-sluice-${'a'.repeat(49)}`,
    `${createKeyText()}\n`,
    ` ${createKeyText()}`,
  ])('is not %j', (text) => expect(isKeyText(text)).toBe(false));

  it('shows nothing of the secret in its hint but four characters', () => {
    const key = createKeyText();
    expect(hintOfKey(key)).toBe(key.slice(0, 14));
    expect(hashOfKey(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOfKey(key)).not.toContain(key.slice(10, 20));
  });
});

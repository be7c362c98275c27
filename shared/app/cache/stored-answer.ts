import type { ChatCompletion } from '../../contracts/chat-provider.ts';

/** A finished answer, and where it came from. */
export interface StoredAnswer {
  readonly provider: string;
  readonly model: string;
  /** Parameters the leg had no equivalent for. */
  readonly dropped: readonly string[];
  readonly completion: ChatCompletion;
}

const VERSION = 1;

export function toStoredText({ provider, model, dropped, completion }: StoredAnswer): string {
  return JSON.stringify({ version: VERSION, provider, model, dropped, completion });
}

/** The answer a text holds; undefined when it is not one that this version wrote. */
export function fromStoredText(text: string): StoredAnswer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value) || value.version !== VERSION) return undefined;
  const { provider, model, dropped, completion } = value;
  if (typeof provider !== 'string' || typeof model !== 'string' || !isTexts(dropped)) return undefined;
  return isCompletion(completion) ? { provider, model, dropped, completion } : undefined;
}

function isCompletion(value: unknown): value is ChatCompletion {
  if (!isFields(value) || typeof value.id !== 'string' || !Array.isArray(value.choices)) return false;
  return value.choices.length > 0 && value.choices.every((choice) => isFields(choice) && isFields(choice.message));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

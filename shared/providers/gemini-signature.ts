/**
 * Thought signatures travel where Google's own OpenAI-compatible surface puts them, on a message or on a tool call:
 * `extra_content.google.thought_signature`.
 */
export interface ExtraContent {
  readonly google: { readonly thought_signature: string };
}

export function readSignature(source: object): string | undefined {
  const { extra_content: extra } = source as {
    extra_content?: { google?: Partial<ExtraContent['google']> | null } | null;
  };
  const signature: unknown = extra?.google?.thought_signature;
  return typeof signature === 'string' && signature !== '' ? signature : undefined;
}

export function toExtraContent(signature: string): { extra_content: ExtraContent } {
  return { extra_content: { google: { thought_signature: signature } } };
}

import type { ChatRequest } from '../contracts/chat-provider.ts';

type AllowedTools = Extract<NonNullable<ChatRequest['tool_choice']>, { type: 'allowed_tools' }>;

/** The functions that a choice among some tools names. */
export function toAllowedNames({ allowed_tools: allowed }: AllowedTools): ReadonlySet<string> {
  const tools: readonly unknown[] = Array.isArray(allowed.tools) ? allowed.tools : [];
  const names = tools.map((tool) => (tool as { function?: { name?: unknown } | null } | null)?.function?.name);
  return new Set(names.filter((name) => typeof name === 'string'));
}

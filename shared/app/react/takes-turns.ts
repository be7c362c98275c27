import type { AgentConfig } from '../../config/types.ts';

/** Whether an agent works in turns: the role alone, without a tool, is a model that answers in one. */
export function takesTurns({ role, tools }: AgentConfig): boolean {
  return role === 'react' && tools.length > 0;
}

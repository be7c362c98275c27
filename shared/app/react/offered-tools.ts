import { AppError } from '../../contracts/app-error.ts';
import type { ChatMessage, ChatRequest } from '../../contracts/chat-provider.ts';
import type { ReactTool, ToolCall } from './react-types.ts';

/** Who runs a tool: we, the caller, or nobody, because it was not offered. */
export type ToolOwner = 'own' | 'caller' | 'nobody';

/** The tools of one request: the agent's and the caller's. */
export interface OfferedTools {
  /** All that a model may be told of, for its own information. */
  readonly names: readonly string[];
  ownerOf(name: string): ToolOwner;
  find(name: string): ReactTool | undefined;
  /** The request of a model turn. The caller's `tool_choice` is about the first one. */
  toRequest(messages: readonly ChatMessage[], turn: number): ChatRequest;
}

/**
 * Puts the agent's tools beside the caller's.
 * @throws AppError `invalid_request` when a name stands for two tools, or for what cannot go through several turns:
 * several choices, and OpenAI's older function interface.
 */
export function offerTools(request: ChatRequest, tools: readonly ReactTool[]): OfferedTools {
  const callers = (request.tools ?? []).flatMap((tool) => nameOf(tool) ?? []);
  refuse(request, tools, callers);
  const choice = request.tool_choice;
  const callable = namesAllowedBy(choice);
  const own = new Map(tools.filter(({ name }) => callable?.has(name) ?? true).map((tool) => [tool.name, tool]));
  const all = [...tools.map(toDefinition), ...(request.tools ?? [])];

  const choiceOf = (turn: number): ChatRequest['tool_choice'] => {
    if (turn === 1 || choice === 'none') return choice;
    // What may be called stays limited; that something must be called was about the first turn.
    if (typeof choice !== 'object' || choice?.type !== 'allowed_tools') return undefined;
    return { ...choice, allowed_tools: { ...choice.allowed_tools, mode: 'auto' } };
  };

  return {
    names: [...own.keys(), ...callers],
    ownerOf: (name) => (callers.includes(name) ? 'caller' : own.has(name) ? 'own' : 'nobody'),
    find: (name) => own.get(name),
    toRequest(messages, turn) {
      const { tool_choice: _choice, ...rest } = request;
      const toolChoice = choiceOf(turn);
      return { ...rest, messages, tools: all, ...(toolChoice === undefined ? {} : { tool_choice: toolChoice }) };
    },
  };
}

/** The name of a call, whichever kind it is. */
export function calledName(call: ToolCall): string {
  return call.type === 'function' ? call.function.name : call.custom.name;
}

function refuse(request: ChatRequest, tools: readonly ReactTool[], callers: readonly string[]): void {
  const invalid = (message: string, param: string): never => {
    throw new AppError('invalid_request', message, { param });
  };
  if ((request.n ?? 1) > 1) invalid('An agent with tools gives one choice; leave n out.', 'n');
  if ((request.functions?.length ?? 0) > 0) invalid('An agent with tools takes `tools`, no `functions`.', 'functions');
  const clash = tools.find(({ name }) => callers.includes(name));
  if (clash) invalid(`The agent has a tool named ${clash.name} itself; give yours another name.`, 'tools');
}

/** Names that `tool_choice` leaves callable; undefined: it says nothing about that. */
function namesAllowedBy(choice: ChatRequest['tool_choice']): ReadonlySet<string> | undefined {
  if (choice === 'none') return new Set();
  if (typeof choice !== 'object' || choice?.type !== 'allowed_tools') return undefined;
  return new Set(choice.allowed_tools.tools.flatMap((tool) => nameOf(tool) ?? []));
}

function nameOf(tool: object): string | undefined {
  const { function: called, custom } = tool as { function?: { name?: unknown }; custom?: { name?: unknown } };
  const name = called?.name ?? custom?.name;
  return typeof name === 'string' ? name : undefined;
}

function toDefinition({ name, description, parameters }: ReactTool): NonNullable<ChatRequest['tools']>[number] {
  return { type: 'function', function: { name, description, parameters: { ...parameters } } };
}

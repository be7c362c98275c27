import type { FunctionDeclaration, Tool } from '@google/genai';
import { AppError } from '../contracts/app-error.ts';
import type { ChatRequest } from '../contracts/chat-provider.ts';
import { toAllowedNames } from './allowed-tools.ts';
import type { GeminiModelTraits } from './gemini-model.ts';
import { toOpenApiSchema } from './gemini-schema.ts';
import type { GeminiBackend, GeminiBody, GeminiToolConfig } from './gemini-types.ts';

/** Google's own tools and how clients name them, as `{type: NAME}` or, in Google's way, `{NAME: {…}}`. */
const SERVER_TOOLS: Readonly<Record<string, keyof Tool>> = {
  google_search: 'googleSearch',
  googleSearch: 'googleSearch',
  google_search_retrieval: 'googleSearchRetrieval',
  googleSearchRetrieval: 'googleSearchRetrieval',
  url_context: 'urlContext',
  urlContext: 'urlContext',
  code_execution: 'codeExecution',
  codeExecution: 'codeExecution',
};

interface ToolOptions {
  readonly backend: GeminiBackend;
  readonly traits: GeminiModelTraits;
}

/**
 * Tool definitions and the choice among them. `web_search_options` asks for the same search as the tool
 * `google_search`.
 *
 * @throws AppError `unsupported` for custom tools, and for tools that the model cannot have together.
 */
export function toToolParams(
  request: ChatRequest,
  { backend, traits }: ToolOptions,
): Pick<GeminiBody, 'tools' | 'toolConfig'> {
  const functions: FunctionDeclaration[] = [];
  const served: Tool[] = [];
  (request.tools ?? []).forEach((tool, position) => {
    const server = toServerTool(tool as unknown as Record<string, unknown>, traits);
    if (server) served.push(server);
    else {
      const declaration = toDeclaration(tool, `tools[${position}]`, { backend, traits });
      if (isOffered(declaration, request)) functions.push(declaration);
    }
  });
  served.push(...toWebSearch(request, traits, served));
  if (functions.length > 0 && served.length > 0 && !traits.mixesTools) {
    throw new AppError('unsupported', 'This model takes either functions or tools of Google, not both at once.', {
      param: 'tools',
    });
  }
  const choice = functions.length > 0 ? toChoice(request, backend) : undefined;
  // Without it the Gemini API refuses functions beside its own tools; Vertex AI does not know the field.
  const mixed = functions.length > 0 && served.length > 0 && backend === 'gemini';
  const toolConfig: GeminiToolConfig = {
    ...(choice ? { functionCallingConfig: choice } : {}),
    ...(mixed ? { includeServerSideToolInvocations: true } : {}),
  };
  const tools = [...served, ...(functions.length > 0 ? [{ functionDeclarations: functions }] : [])];
  return {
    ...(tools.length > 0 ? { tools } : {}),
    ...(Object.keys(toolConfig).length > 0 ? { toolConfig } : {}),
  };
}

function toServerTool(tool: Record<string, unknown>, traits: GeminiModelTraits): Tool | undefined {
  const name = [tool.type, ...Object.keys(tool)].find((key) => typeof key === 'string' && key in SERVER_TOOLS) as
    | string
    | undefined;
  if (name === undefined) return undefined;
  const settings = tool[name];
  const key = SERVER_TOOLS[name] as keyof Tool;
  // The same search was called otherwise before Gemini 2.
  const field = key === 'googleSearch' && !traits.jsonSchema ? 'googleSearchRetrieval' : key;
  return { [field]: typeof settings === 'object' && settings !== null ? settings : {} };
}

function toWebSearch({ web_search_options: options }: ChatRequest, traits: GeminiModelTraits, served: Tool[]): Tool[] {
  if (!options) return [];
  if (options.user_location) {
    throw new AppError('unsupported', 'The search of Google takes no user_location: leave it out.', {
      param: 'web_search_options.user_location',
    });
  }
  const hasSearch = served.some((tool) => tool.googleSearch || tool.googleSearchRetrieval);
  const search = toServerTool({ type: 'google_search' }, traits);
  return hasSearch || !search ? [] : [search];
}

function toDeclaration(
  tool: NonNullable<ChatRequest['tools']>[number],
  path: string,
  { backend, traits }: ToolOptions,
): FunctionDeclaration {
  if (tool.type !== 'function') {
    throw new AppError('unsupported', `${backend} takes function tools and those of Google, no others.`, {
      param: path,
    });
  }
  const { name, description, parameters } = tool.function;
  return {
    name,
    ...(description ? { description } : {}),
    ...(parameters ? toParameters(parameters, traits) : {}),
  };
}

function toParameters(schema: Record<string, unknown>, traits: GeminiModelTraits): Partial<FunctionDeclaration> {
  if (traits.jsonSchema) return { parametersJsonSchema: schema };
  const parameters = toOpenApiSchema(schema);
  // A function without parameters has no schema in that dialect.
  const isEmpty = parameters.type === 'OBJECT' && parameters.properties === undefined;
  return isEmpty ? {} : { parameters: parameters as NonNullable<FunctionDeclaration['parameters']> };
}

/** The vendor takes names with a demanded call alone: where a call is optional, the other functions are not offered. */
function isOffered({ name }: FunctionDeclaration, { tool_choice: choice }: ChatRequest): boolean {
  if (typeof choice !== 'object' || choice?.type !== 'allowed_tools') return true;
  return choice.allowed_tools.mode === 'required' || toAllowedNames(choice).has(name ?? '');
}

function toChoice(
  { tool_choice: choice }: ChatRequest,
  backend: GeminiBackend,
): GeminiToolConfig['functionCallingConfig'] | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (typeof choice === 'string') {
    return { mode: choice === 'none' ? 'NONE' : choice === 'required' ? 'ANY' : 'AUTO' };
  }
  if (choice.type === 'function') return { mode: 'ANY', allowedFunctionNames: [choice.function.name] };
  if (choice.type === 'allowed_tools') {
    if (choice.allowed_tools.mode !== 'required') return { mode: 'AUTO' };
    return { mode: 'ANY', allowedFunctionNames: [...toAllowedNames(choice)] };
  }
  throw new AppError('unsupported', `${backend} takes function tools alone, no custom ones.`, { param: 'tool_choice' });
}

import { BUILT_IN_TOOLS } from '../names.ts';
import type { ToolsInput } from '../schema/tools.ts';
import { toSecretValue } from '../secret-value.ts';
import type { ToolConfig } from '../types.ts';
import { type NormalizeContext, toAllowedCidrs, toEndpoint } from './context.ts';

export function normalizeTools(input: ToolsInput | undefined, context: NormalizeContext): readonly ToolConfig[] {
  const tools: ToolConfig[] = [];
  for (const [index, tool] of (input ?? []).entries()) {
    const path = `tools[${index}]`;
    if (tools.some(({ name }) => name === tool.name)) {
      context.problems.add(`${path}.name`, `${tool.name} is used twice; names must differ`);
    }
    if (BUILT_IN_TOOLS.some((name) => name === tool.name)) {
      context.problems.add(`${path}.name`, `${tool.name} is the name of a built-in tool; choose another one`);
    }
    const url = toEndpoint(tool.url, `${path}.url`, context);
    if (url === undefined) continue;
    const headers = Object.entries(tool.headers ?? {});
    tools.push({
      name: tool.name,
      description: tool.description,
      parameters: tool.parameters ?? { type: 'object', properties: {} },
      url,
      method: tool.method ?? 'POST',
      headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), toSecretValue(value)])),
      timeoutMs: tool.timeout ?? 30_000,
      allowedCidrs: toAllowedCidrs(tool.allowed_cidrs, url, context),
    });
  }
  return tools;
}

import { anyText, cidrs, matching, secret, text, timeout } from './common.ts';
import { anything, block, type Infer, list, oneOf, record } from './schema.ts';

export const tools = () =>
  list(
    block({
      name: matching(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, dashes or underscores'),
      description: text,
      parameters: record(anyText, anything).optional(),
      url: text,
      method: oneOf(['GET', 'POST']).optional(),
      headers: record(matching(/^[A-Za-z0-9-]{1,64}$/, 'must be a header name'), secret).optional(),
      timeout: timeout.optional(),
      allowed_cidrs: cidrs.optional(),
    }),
  );
export type ToolsInput = Infer<ReturnType<typeof tools>>;

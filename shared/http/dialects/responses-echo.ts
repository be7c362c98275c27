import type { ChatChoice, ChatCompletion } from '../../contracts/chat-provider.ts';
import type { ResponsesBody, ResponsesTool } from '../schemas/responses-schema.ts';
import type { ResponseUsage, TokenLogprob, UrlCitation } from './responses-types.ts';

/**
 * The fields of a response that repeat the request. Unset sampling parameters stay null: which default the model has is
 * not known here. `store` is false whatever was asked, because nothing is stored; `service_tier` is the upstream's word.
 */
export function toEcho(body: ResponsesBody): Record<string, unknown> {
  return {
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    prompt_cache_retention: body.prompt_cache_retention ?? null,
    reasoning: {
      effort: body.reasoning?.effort ?? null,
      summary: body.reasoning?.summary ?? body.reasoning?.generate_summary ?? null,
    },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: null,
    store: false,
    temperature: body.temperature ?? null,
    text: {
      format: body.text?.format ?? { type: 'text' },
      ...(body.text?.verbosity ? { verbosity: body.text.verbosity } : {}),
    },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools?.map(toToolEcho) ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? null,
    truncation: 'disabled',
    ...(body.user ? { user: body.user } : {}),
  };
}

/** OpenAI's schema wants every field of a function. */
function toToolEcho(tool: ResponsesTool): object {
  return tool.type === 'function'
    ? { ...tool, parameters: tool.parameters ?? null, strict: tool.strict ?? null }
    : tool;
}

export function toResponseUsage(usage: NonNullable<ChatCompletion['usage']>): ResponseUsage {
  const { prompt_tokens_details: prompt, completion_tokens_details: completion } = usage;
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: {
      cached_tokens: prompt?.cached_tokens ?? 0,
      cache_write_tokens: prompt?.cache_write_tokens ?? 0,
    },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: completion?.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens,
  };
}

type Annotation = NonNullable<ChatChoice['message']['annotations']>[number];

/** Sources by URL; compatible vendors have annotations of their own, which Responses has no place for. */
export function toUrlCitations(annotations: readonly Annotation[] | null | undefined): UrlCitation[] {
  return (annotations ?? []).flatMap((annotation) => {
    const citation: Partial<Annotation['url_citation']> | null | undefined = annotation?.url_citation;
    if (!citation?.url) return [];
    return {
      type: 'url_citation' as const,
      url: citation.url,
      title: citation.title ?? citation.url,
      start_index: citation.start_index ?? 0,
      end_index: citation.end_index ?? 0,
    };
  });
}

export function toTokenLogprobs(logprobs: ChatChoice['logprobs'] | undefined): TokenLogprob[] {
  return (logprobs?.content ?? []).map((entry) => ({
    ...toBytes(entry),
    top_logprobs: (entry.top_logprobs ?? []).map(toBytes),
  }));
}

function toBytes({ token, logprob, bytes }: { token: string; logprob: number; bytes?: number[] | null }) {
  return { token, logprob, bytes: bytes ?? [...Buffer.from(token)] };
}

import {
  type Body,
  INPUTS,
  isBodyStreamed,
  JSON_PARTS,
  type SecondTurn,
  TEXTS,
  THOUGHTS,
  TOOL,
  type Turn,
  toEvent,
  type Wire,
} from './wire.ts';

/** Vendors with the format of OpenAI's Chat Completions, and how each of them bends it. */
interface Vendor {
  readonly provider: string;
  readonly model: string;
  readonly callIds: readonly [string, string];
  readonly usage: Body;
  readonly details: Wire['details'];
  /** The name under which thinking is answered; OpenAI itself does not answer with it. */
  readonly thinkingField?: 'reasoning' | 'reasoning_content';
  readonly takesReasoning: boolean;
  /** Fields a whole answer, its message, its choice, every chunk and every choice of a chunk have beside OpenAI's. */
  readonly extra: {
    readonly answer?: Body;
    readonly message?: Body;
    readonly choice?: Body;
    readonly chunk?: Body;
    readonly chunkChoice?: Body;
  };
  /** `apart`: an event of its own without choices. `last`: with the finish. `each`: on every event, growing. */
  readonly streamedUsage: 'apart' | 'last' | 'each';
  /** Calls come in one piece. */
  readonly wholeCalls?: boolean;
  readonly repeatsRole?: boolean;
}

const VENDORS: readonly Vendor[] = [
  {
    provider: 'openai',
    model: 'gpt-5-mini',
    callIds: ['call_Yq3wVnB1oR7u', 'call_k0TzM5dXc2Hf'],
    usage: {
      prompt_tokens: 30,
      completion_tokens: 12,
      total_tokens: 42,
      prompt_tokens_details: { cached_tokens: 10, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: 5,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    },
    details: { cached: 10, reasoning: 5 },
    takesReasoning: false,
    extra: {
      answer: { service_tier: 'default', system_fingerprint: null },
      message: { refusal: null, annotations: [] },
      choice: { logprobs: null },
      chunk: { service_tier: 'default', system_fingerprint: null, usage: null, obfuscation: 'vT9x' },
      chunkChoice: { logprobs: null },
    },
    streamedUsage: 'apart',
  },
  {
    provider: 'xai',
    model: 'grok-4-fast-reasoning',
    callIds: ['call_58237104', 'call_58237105'],
    usage: {
      prompt_tokens: 30,
      completion_tokens: 7,
      total_tokens: 42,
      prompt_tokens_details: { text_tokens: 30, audio_tokens: 0, image_tokens: 0, cached_tokens: 10 },
      completion_tokens_details: {
        reasoning_tokens: 5,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
      num_sources_used: 0,
    },
    details: { cached: 10, reasoning: 5 },
    thinkingField: 'reasoning_content',
    takesReasoning: true,
    extra: { answer: { system_fingerprint: 'fp_e3f1a2' }, message: { refusal: null } },
    streamedUsage: 'each',
    wholeCalls: true,
    repeatsRole: true,
  },
  {
    provider: 'vllm',
    model: 'Qwen/Qwen3-8B',
    callIds: ['chatcmpl-tool-2f6d0c9be41a', 'chatcmpl-tool-9ab1733c05de'],
    usage: { prompt_tokens: 30, total_tokens: 42, completion_tokens: 12, prompt_tokens_details: null },
    details: {},
    thinkingField: 'reasoning',
    takesReasoning: true,
    extra: {
      answer: { service_tier: null, system_fingerprint: null, prompt_logprobs: null, kv_transfer_params: null },
      message: { refusal: null, annotations: null, audio: null, function_call: null, tool_calls: [] },
      choice: { logprobs: null, stop_reason: null, token_ids: null },
      chunk: { prompt_token_ids: null },
      chunkChoice: { logprobs: null, token_ids: null },
    },
    streamedUsage: 'apart',
  },
  {
    provider: 'huggingface',
    model: 'openai/gpt-oss-120b:groq',
    callIds: ['fc_1b0d6a3e', 'fc_77c2e915'],
    usage: { queue_time: 0.05, prompt_tokens: 30, completion_tokens: 12, total_tokens: 42, total_time: 0.3 },
    details: {},
    thinkingField: 'reasoning',
    takesReasoning: false,
    extra: {
      answer: { system_fingerprint: 'fp_44e8', x_groq: { id: 'req_01' }, usage_breakdown: null },
      choice: { logprobs: null },
      chunk: { system_fingerprint: 'fp_44e8' },
      chunkChoice: { logprobs: null },
    },
    streamedUsage: 'last',
  },
];

export const compatibleWires: readonly Wire[] = VENDORS.map(toWire);
export const openaiWire = compatibleWires.find(({ provider }) => provider === 'openai') as Wire;

function toWire(vendor: Vendor): Wire {
  const { provider, model, thinkingField } = vendor;
  const thinking = thinkingField === undefined ? [] : THOUGHTS.map((text) => ({ [thinkingField]: text }));
  const thought = thinkingField === undefined ? {} : { [thinkingField]: THOUGHTS.join('') };
  const toText = (texts: readonly string[]): Turn => ({
    whole: toCompletion(vendor, { content: texts.join('') }, 'stop'),
    pieces: toPieces(
      vendor,
      texts.map((content) => ({ content })),
      'stop',
    ),
  });
  return {
    provider,
    agent: `${provider}-agent`,
    toAgent: (origin) => `provider: ${provider}, model: "${model}", api_key: test-key, endpoint: "${origin}/v1"`,
    scenes: {
      text: toText(TEXTS),
      calls: {
        whole: toCompletion(vendor, { content: null, ...thought, tool_calls: toCalls(vendor) }, 'tool_calls'),
        pieces: toPieces(vendor, [...thinking, ...toCallDeltas(vendor)], 'tool_calls'),
      },
      json: () => toText(JSON_PARTS),
    },
    isStreamed: isBodyStreamed,
    streamType: 'text/event-stream',
    thinks: thinkingField !== undefined,
    details: vendor.details,
    callIds: vendor.callIds,
    readSecondTurn,
    state: { kept: [], lost: [] },
    takesReasoning: vendor.takesReasoning,
    forcesCalls: true,
    readSchema: ({ response_format: format }) =>
      (format as { json_schema?: { schema?: unknown } } | undefined)?.json_schema?.schema,
  };
}

function toCompletion({ model, usage, extra }: Vendor, message: Body, finish: string): Body {
  return {
    id: 'chatcmpl-7Qm2',
    object: 'chat.completion',
    created: 1_764_000_000,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...extra.message, ...message },
        finish_reason: finish,
        ...extra.choice,
      },
    ],
    usage,
    ...extra.answer,
  };
}

function toPieces(vendor: Vendor, deltas: readonly Body[], finish: string): string[] {
  const { model, usage, extra, streamedUsage, repeatsRole } = vendor;
  const toChunk = (choices: readonly Body[], fields: Body = {}): string =>
    toEvent({
      id: 'chatcmpl-7Qm2',
      object: 'chat.completion.chunk',
      created: 1_764_000_000,
      model,
      choices,
      ...extra.chunk,
      ...(streamedUsage === 'each' ? { usage } : {}),
      ...fields,
    });
  const toDelta = (delta: Body): Body => ({ index: 0, delta, finish_reason: null, ...extra.chunkChoice });
  const last = { ...toDelta({}), finish_reason: finish };
  return [
    toChunk([toDelta({ role: 'assistant', content: '' })]),
    ...deltas.map((delta) => toChunk([toDelta({ ...(repeatsRole ? { role: 'assistant' } : {}), ...delta })])),
    toChunk([last], streamedUsage === 'last' ? { usage } : {}),
    ...(streamedUsage === 'apart' ? [toChunk([], { usage })] : []),
    'data: [DONE]\n\n',
  ];
}

function toCalls({ callIds }: Vendor): Body[] {
  return callIds.map((id, index) => ({
    id,
    type: 'function',
    function: { name: TOOL, arguments: JSON.stringify(INPUTS[index]) },
  }));
}

function toCallDeltas(vendor: Vendor): Body[] {
  return toCalls(vendor).flatMap((call, index) => {
    if (vendor.wholeCalls) return [{ tool_calls: [{ index, ...call }] }];
    const { name, arguments: text } = call.function as { name: string; arguments: string };
    const cut = text.indexOf(':') + 1;
    return [
      { tool_calls: [{ index, ...call, function: { name, arguments: '' } }] },
      { tool_calls: [{ index, function: { arguments: text.slice(0, cut) } }] },
      { tool_calls: [{ index, function: { arguments: text.slice(cut) } }] },
    ];
  });
}

interface Message {
  readonly role: string;
  readonly content?: string | readonly { readonly text: string }[] | null;
  readonly tool_calls?: readonly { id: string; function: { name: string; arguments: string } }[];
  readonly tool_call_id?: string;
  readonly reasoning_content?: string;
}

/** What OpenAI's own API takes on a message that is sent back; strict vendors refuse anything else. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'name',
  'refusal',
  'annotations',
  'tool_calls',
  'tool_call_id',
  'reasoning_content',
  'reasoning',
]);

function readSecondTurn({ messages }: Body): SecondTurn {
  const all = messages as readonly Message[];
  const assistant = all.find(({ tool_calls: calls }) => calls?.length);
  const foreign = all.flatMap((message) => Object.keys(message).filter((field) => !KNOWN_FIELDS.has(field)));
  return {
    calls: (assistant?.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => ({
      id,
      name,
      input: JSON.parse(text),
    })),
    results: all
      .filter(({ role }) => role === 'tool')
      .map(({ tool_call_id: id = '', content }) => ({ id, content: toPlainText(content) })),
    state: [
      ...foreign,
      ...(assistant?.tool_calls ?? []).flatMap((call) => [
        ...Object.keys(call).filter((field) => !['id', 'type', 'function'].includes(field)),
        ...Object.keys(call.function).filter((field) => !['name', 'arguments'].includes(field)),
      ]),
    ],
    reasoning: assistant?.reasoning_content ?? '',
  };
}

function toPlainText(content: Message['content']): string {
  return typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('');
}

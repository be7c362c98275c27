import {
  type Body,
  INPUTS,
  JSON_PARTS,
  TEXTS,
  THOUGHT,
  THOUGHTS,
  TOOL,
  type Turn,
  toEvent,
  type Wire,
} from './wire.ts';

const SIGNATURE = 'CsgBAXLI2nyq8Wc/7r+gT0==';
/** Google's word for a call whose signature the client did not keep. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

interface Place {
  readonly provider: 'gemini' | 'vertexai';
  readonly model: string;
  readonly agent: (origin: string) => string;
  /** The Gemini API names its calls, Vertex AI does not. */
  readonly callIds?: readonly [string, string];
}

const PLACES: readonly Place[] = [
  {
    provider: 'gemini',
    model: 'gemini-3-flash-preview',
    agent: (origin) => `api_key: test-key, endpoint: "${origin}"`,
    callIds: ['k3v9x0ab', 'k3v9x0ac'],
  },
  {
    provider: 'vertexai',
    model: 'gemini-3-pro-preview',
    agent: (origin) => `project_id: recorded, location: global, endpoint: "${origin}"`,
  },
];

export const geminiWires: readonly Wire[] = PLACES.map(toWire);

interface Part {
  readonly text?: string;
  readonly functionCall?: { readonly id?: string; readonly name: string; readonly args: unknown };
  readonly functionResponse?: { readonly id?: string; readonly name: string; readonly response: Body };
  readonly thoughtSignature?: string;
  readonly thought?: boolean;
}

function toWire({ provider, model, agent, callIds }: Place): Wire {
  const calls: Part[] = INPUTS.map((args, index) => ({
    functionCall: { name: TOOL, args, ...(callIds ? { id: callIds[index] as string } : {}) },
    ...(index === 0 ? { thoughtSignature: SIGNATURE } : {}),
  }));
  const toText = (texts: readonly string[]): Turn =>
    toTurn(model, [{ text: texts.join('') }], [...texts.map((text) => [{ text }]), [{ text: '' }]]);
  return {
    provider,
    agent: `${provider}-agent`,
    toAgent: (origin) => `provider: ${provider}, model: ${model}, ${agent(origin)}`,
    scenes: {
      text: toText(TEXTS),
      calls: toTurn(
        model,
        [{ text: THOUGHT, thought: true }, ...calls],
        [...THOUGHTS.map((text) => [{ text, thought: true }]), ...calls.map((call) => [call]), [{ text: '' }]],
      ),
      json: () => toText(JSON_PARTS),
    },
    isStreamed: ({ url }) => url.includes(':streamGenerateContent'),
    streamType: 'text/event-stream',
    thinks: true,
    details: { cached: 10, reasoning: 5 },
    callIds: callIds ?? 'made',
    readSecondTurn({ contents }) {
      const parts = (contents as readonly { parts: readonly Part[] }[]).flatMap((content) => content.parts);
      return {
        calls: parts.flatMap(({ functionCall: call }) =>
          call ? [{ ...(call.id ? { id: call.id } : {}), name: call.name, input: call.args }] : [],
        ),
        results: parts.flatMap(({ functionResponse: result }) =>
          result
            ? [{ ...(result.id ? { id: result.id } : {}), name: result.name, content: String(result.response.result) }]
            : [],
        ),
        state: parts.flatMap(({ functionCall: call, thoughtSignature: signature }) => (call ? [signature] : [])),
        reasoning: '',
      };
    },
    state: { kept: [SIGNATURE, undefined], lost: [NO_SIGNATURE, undefined] },
    findFault({ contents }) {
      const turns = contents as readonly { role: string; parts: readonly Part[] }[];
      const position = turns.findIndex(({ parts }) => parts.some(({ functionCall: call }) => call));
      const called = turns[position]?.parts.filter(({ functionCall: call }) => call) ?? [];
      const answered = turns[position + 1]?.parts.filter(({ functionResponse: result }) => result) ?? [];
      if (called[0]?.thoughtSignature === undefined) return 'Function call is missing a thought_signature.';
      return called.length === answered.length
        ? undefined
        : 'The number of function response parts must equal the number of function call parts of the turn.';
    },
    takesReasoning: false,
    forcesCalls: true,
    readSchema: ({ generationConfig }) =>
      (generationConfig as { responseJsonSchema?: unknown } | undefined)?.responseJsonSchema,
  };
}

function toTurn(modelVersion: string, parts: readonly Part[], streamed: readonly (readonly Part[])[]): Turn {
  const usageMetadata = {
    promptTokenCount: 30,
    cachedContentTokenCount: 10,
    candidatesTokenCount: 7,
    thoughtsTokenCount: 5,
    totalTokenCount: 42,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: 30 }],
  };
  const toAnswer = (content: readonly Part[], isLast: boolean): Body => ({
    candidates: [{ content: { parts: content, role: 'model' }, ...(isLast ? { finishReason: 'STOP' } : {}), index: 0 }],
    usageMetadata: isLast ? usageMetadata : { promptTokenCount: 30, totalTokenCount: 30 },
    modelVersion,
    responseId: 'Zq2paYf1',
  });
  return {
    whole: toAnswer(parts, true),
    pieces: streamed.map((content, index) => toEvent(toAnswer(content, index === streamed.length - 1))),
  };
}

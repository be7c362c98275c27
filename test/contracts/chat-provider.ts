import { describe, expect, it } from 'vitest';
import {
  type ChatBatch,
  type ChatCall,
  type ChatChunk,
  type ChatCompletion,
  type ChatEvent,
  type ChatProvider,
  type ChatRequest,
  eventsOf,
} from '../../shared/contracts/chat-provider.ts';
import { createScriptedFetch, type ScriptedFetch, type ScriptedResponse } from './scripted-fetch.ts';

export interface ChatProviderSuite {
  readonly name: string;
  createProvider(): ChatProvider | Promise<ChatProvider>;
  /** How the vendor answers a plain question, once in one piece and once as a stream, both with `text`. */
  readonly upstream?: { readonly completion: ScriptedResponse; readonly stream: ScriptedResponse };
  /** The content of both answers. Absent for a provider that answers by itself. */
  readonly text?: string;
  /** A stream that breaks off before the vendor's own last event. */
  readonly truncatedStream?: ScriptedResponse;
  /** What a call to this vendor needs besides request, signal and fetch. */
  readonly call: Pick<ChatCall, 'model'> & Partial<Pick<ChatCall, 'credential' | 'endpoint' | 'project' | 'location'>>;
}

const REQUEST: ChatRequest = {
  model: 'alias',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'What is the capital of France?' },
  ],
  max_tokens: 64,
};

const FINISH_REASONS = ['stop', 'length', 'tool_calls', 'content_filter'];
const UPSTREAM_MARK = 'upstream-detail-7f3a';

/** What every chat provider does, whatever its vendor's wire format. */
export function describeChatProvider(suite: ChatProviderSuite): void {
  describe(`${suite.name} as a chat provider`, () => {
    it('says what it can do', async () => {
      const { id, capabilities } = await suite.createProvider();
      expect(id).toMatch(/^[a-z0-9_-]+$/);
      const { parameters, ...flags } = capabilities;
      expect(Object.values(flags)).toEqual(Object.values(flags).map(() => expect.any(Boolean)));
      expect(Object.keys(flags)).toEqual(expect.arrayContaining(['streaming', 'tools', 'jsonMode', 'imageInput']));
      for (const treatment of Object.values(parameters)) expect(['drop', 'refuse']).toContain(treatment);
    });

    describeCompletion(suite);
    describeStream(suite);
    describeFailures(suite);
  });
}

function describeCompletion(suite: ChatProviderSuite): void {
  it('gives one complete answer in the form of a chat completion', async () => {
    const { completion, json } = await complete(suite, answering(suite.upstream?.completion));
    expectCompletion(completion);
    if (suite.text !== undefined) expect(completion.choices[0]?.message.content).toBe(suite.text);
    if (json !== undefined) expect(JSON.parse(json)).toEqual(completion);
  });

  it('leaves the request as it was, for an answer and for a stream', async () => {
    const request = deepFreeze(structuredClone(REQUEST));
    await complete(suite, answering(suite.upstream?.completion), { request });
    await collect(await open(suite, answering(suite.upstream?.stream), { request }));
    expect(request).toEqual(REQUEST);
  });

  it('asks for the model of the call and not for the one of the request', async () => {
    const { exchanges, fetch } = answering(suite.upstream?.completion);
    const { completion } = await complete(suite, { exchanges, fetch });
    expect(completion.model).not.toBe('alias');
    for (const { url, body } of exchanges) {
      expect(`${url} ${body}`).toContain(suite.call.model);
      expect(body).not.toContain('alias');
    }
  });
}

function describeStream(suite: ChatProviderSuite): void {
  const readSizes = suite.upstream === undefined ? [undefined] : [undefined, 1, 7, 64];

  it.each(readSizes)('streams the same answer when it arrives in reads of %s bytes', async (bytesPerRead) => {
    const batches = await collect(await open(suite, answering(suite.upstream?.stream, bytesPerRead)));
    for (const batch of batches) expect(batch.length).toBeGreaterThan(0);
    const events = batches.flat();
    expectStream(events.map(({ chunk }) => chunk));
    for (const { chunk, json } of events) if (json !== undefined) expect(JSON.parse(json)).toEqual(chunk);
    const text = events.map(({ chunk }) => chunk.choices[0]?.delta.content ?? '').join('');
    if (suite.text === undefined) expect(text).not.toBe('');
    else expect(text).toBe(suite.text);
  });

  if (suite.upstream === undefined) return;

  it('lets go of the upstream when its reader stops early', async () => {
    const scripted = answering(suite.upstream?.stream, 16);
    for await (const batch of await open(suite, scripted)) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    expect(scripted.exchanges.map(({ abandoned }) => abandoned)).toEqual([true]);
  });

  it('ends a stream that breaks off with an error', async () => {
    const stream = await open(suite, answering(suite.truncatedStream));
    await expect(collect(stream)).rejects.toMatchObject({ name: 'AppError', code: 'server_error' });
  });
}

function describeFailures(suite: ChatProviderSuite): void {
  it('refuses to work for an aborted caller', async () => {
    const signal = AbortSignal.abort();
    const cancelled = { name: 'AppError', code: 'cancelled' };
    await expect(complete(suite, answering(suite.upstream?.completion), { signal })).rejects.toMatchObject(cancelled);
    const streamed = open(suite, answering(suite.upstream?.stream), { signal }).then(collect);
    await expect(streamed).rejects.toMatchObject(cancelled);
  });

  if (suite.upstream === undefined) return;

  describe('with an upstream in trouble', () => {
    it('stops waiting when the caller goes away', async () => {
      for (const start of [complete, open]) {
        const controller = new AbortController();
        const pending = start(
          suite,
          createScriptedFetch(() => 'hang'),
          { signal: controller.signal },
        );
        controller.abort();
        await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
      }
    });

    it.each([
      [400, 'invalid_request', false],
      [401, 'authentication', false],
      [403, 'permission', false],
      [429, 'rate_limit', true],
      [500, 'server_error', true],
      [503, 'server_error', true],
    ] as const)('turns status %i into %s, before a stream begins', async (status, code, retryable) => {
      const body = JSON.stringify({ error: { message: UPSTREAM_MARK } });
      const headers = { 'content-type': 'application/json' };
      for (const start of [complete, open]) {
        const failure = start(
          suite,
          createScriptedFetch(() => ({ status, headers, body })),
        );
        await expect(failure).rejects.toMatchObject({
          name: 'AppError',
          code,
          retryable,
          message: expect.not.stringContaining(UPSTREAM_MARK),
        });
      }
    });

    it('passes on how long a rate limit lasts', async () => {
      const limited = createScriptedFetch(() => ({ status: 429, headers: { 'retry-after': '7' }, body: '{}' }));
      await expect(complete(suite, limited)).rejects.toMatchObject({ code: 'rate_limit', retryAfterMs: 7_000 });
    });

    it('takes an answer that is no JSON for a failure of the upstream', async () => {
      const broken = createScriptedFetch(() => ({ headers: { 'content-type': 'text/html' }, body: '<html>' }));
      await expect(complete(suite, broken)).rejects.toMatchObject({ code: 'server_error' });
    });

    it('never shows the credential', async () => {
      const { credential } = suite.call;
      if (credential === undefined) return;
      const failure = await complete(
        suite,
        createScriptedFetch(() => ({ status: 401, body: JSON.stringify({ error: { message: credential } }) })),
      ).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect((failure as Error).message).not.toContain(credential);
    });
  });
}

type CallOptions = Partial<Pick<ChatCall, 'request' | 'signal'>>;

async function complete(suite: ChatProviderSuite, { fetch }: ScriptedFetch, options: CallOptions = {}) {
  const provider = await suite.createProvider();
  return provider.complete(toCall(suite, { fetch, ...options }));
}

async function open(suite: ChatProviderSuite, { fetch }: ScriptedFetch, options: CallOptions = {}) {
  const provider = await suite.createProvider();
  return provider.stream(toCall(suite, { fetch, ...options }));
}

function toCall(suite: ChatProviderSuite, options: CallOptions & Pick<ChatCall, 'fetch'>): ChatCall {
  return { request: REQUEST, signal: new AbortController().signal, ...suite.call, ...options };
}

function answering(response: ScriptedResponse | undefined, bytesPerRead?: number): ScriptedFetch {
  return createScriptedFetch(() => {
    if (response === undefined) throw new Error('This provider was not expected to ask anybody.');
    return { ...response, ...(bytesPerRead !== undefined && { bytesPerRead }) };
  });
}

async function collect(stream: AsyncIterable<ChatBatch>): Promise<(readonly ChatEvent[])[]> {
  const batches: (readonly ChatEvent[])[] = [];
  for await (const batch of stream) batches.push(eventsOf(batch));
  return batches;
}

function expectCompletion(completion: ChatCompletion): void {
  expect(completion.object).toBe('chat.completion');
  expect(completion.id).toMatch(/\S/);
  expect(completion.model).toMatch(/\S/);
  expect(Number.isInteger(completion.created)).toBe(true);
  expect(completion.choices.length).toBeGreaterThan(0);
  for (const [position, choice] of completion.choices.entries()) {
    expect(choice.index).toBe(position);
    expect(choice.message.role).toBe('assistant');
    expect(FINISH_REASONS).toContain(choice.finish_reason);
    expect(typeof choice.message.content === 'string' || choice.message.tool_calls !== undefined).toBe(true);
  }
  expectUsage(completion.usage);
}

function expectStream(chunks: readonly ChatChunk[]): void {
  const [first] = chunks;
  for (const chunk of chunks) {
    expect(chunk.object).toBe('chat.completion.chunk');
    expect([chunk.id, chunk.created]).toEqual([first?.id, first?.created]);
    expectUsage(chunk.usage);
  }
  const withChoice = chunks.filter(({ choices }) => choices.length > 0);
  const deltas = withChoice.map(({ choices }) => choices[0]?.delta);
  expect(deltas[0]?.role).toBe('assistant');
  expect(deltas.slice(1).filter((delta) => delta?.role !== undefined && delta.role !== 'assistant')).toEqual([]);
  const reasons = withChoice.map(({ choices }) => choices[0]?.finish_reason ?? null);
  expect(reasons.filter((reason) => reason !== null)).toHaveLength(1);
  expect(FINISH_REASONS).toContain(reasons.at(-1));
  const usages = chunks.filter(({ usage }) => usage !== undefined && usage !== null);
  expect(usages.length).toBeLessThanOrEqual(1);
  for (const { choices } of usages) expect(choices).toEqual([]);
}

function expectUsage(usage: ChatCompletion['usage'] | null): void {
  if (usage === undefined || usage === null) return;
  expect(usage.prompt_tokens).toBeGreaterThanOrEqual(0);
  expect(usage.completion_tokens).toBeGreaterThanOrEqual(0);
  expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

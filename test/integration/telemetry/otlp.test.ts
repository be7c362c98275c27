import diagnostics from 'node:diagnostics_channel';
import { describe, expect, test } from 'vitest';
import { type Economy, refuse, startEconomy } from '../../support/economy.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { TEXT } from '../clients/wires/wire.ts';

const TRACE = '06796866738c859f2f19b7cfb3214824';
const PARENT = '00f067aa0ba902b7';
const TRACED = { traceparent: `00-${TRACE}-${PARENT}-01` };

interface Setting {
  readonly names?: readonly string[];
  readonly agent?: string;
  readonly blocks?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function start({ names = ['openai'], agent = '', blocks = '', environment = {} }: Setting = {}): Promise<Economy> {
  return startEconomy({
    upstreams: names,
    environment,
    yaml: (endpoints) => `
agents:
  - name: agent
    retry: {max_attempts: 1}
    ${agent}
    providers:
${names.map((name) => `      - {provider: ${name}, model: model-of-${name}, api_key: key, endpoint: "${endpoints[name]}"}`).join('\n')}
${blocks}`,
  });
}

const overOtlp = ({ origin }: OtlpReceiver) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: origin,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
});

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.find((span) => span.name === name);
  if (!found) throw new Error(`There is no span ${name} among ${spans.map((span) => span.name).join(', ')}.`);
  return found;
};

describe.each([false, true])('a traced call (streamed: %s)', (stream) => {
  test('is a span below its caller’s, and each leg one below it, by the conventions for generative AI', async () => {
    const receiver = await startOtlpReceiver();
    const economy = await start({
      names: ['openai', 'vertexai'],
      agent: 'project_id: p',
      environment: {
        ...overOtlp(receiver),
        OTEL_EXPORTER_OTLP_HEADERS: 'x-team=search%20team',
        OTEL_SERVICE_NAME: 'my-gateway',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
      },
    });
    economy.always('openai', refuse(500));
    expect((await economy.chat({ stream }, TRACED)).read.text).toBe(TEXT);
    await economy.server.app.observation.flush();
    expect(receiver.spans()).toHaveLength(3);
    const spans = receiver.spans();
    const [call, failed, answered] = [
      named(spans, 'POST /v1/chat/completions'),
      named(spans, 'chat model-of-openai'),
      named(spans, 'chat model-of-vertexai'),
    ];
    expect(spans.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE]);
    expect(call).toMatchObject({
      parentSpanId: PARENT,
      kind: 2,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/v1/chat/completions',
        'http.response.status_code': 200,
        'gen_ai.agent.name': 'agent',
        'sluice.attempts': 2,
      },
    });
    expect(failed).toMatchObject({
      parentSpanId: call.spanId,
      kind: 3,
      status: { code: 2 },
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'model-of-openai',
        'error.type': 'server_error',
      },
    });
    expect(answered).toMatchObject({
      parentSpanId: call.spanId,
      attributes: {
        'gen_ai.provider.name': 'gcp.vertex_ai',
        'gen_ai.request.stream': stream,
        'gen_ai.response.model': expect.any(String),
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': expect.any(Number),
        'gen_ai.usage.output_tokens': expect.any(Number),
      },
    });
    expect(BigInt(answered.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(answered.startTimeUnixNano));
    expect(receiver.resource()).toMatchObject({
      'service.name': 'my-gateway',
      'deployment.environment.name': 'test',
      'service.instance.id': expect.any(String),
    });
    expect(receiver.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-team': 'search team',
    });
    expect(economy.server.logged.at(-1)).toMatchObject({ 'logging.googleapis.com/spanId': call.spanId });
    expect(JSON.stringify(spans)).not.toContain('Hello');
    expect(JSON.stringify(spans)).not.toContain(TEXT);
  });
});

test('has the metrics of the conventions', async () => {
  const receiver = await startOtlpReceiver();
  const economy = await start({ environment: overOtlp(receiver) });
  await economy.chat({ stream: true });
  await economy.server.app.observation.close();
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'model-of-openai',
  };
  expect(receiver.points('gen_ai.client.operation.duration')).toMatchObject([{ count: 1, attributes }]);
  expect(receiver.points('gen_ai.client.operation.time_to_first_chunk')).toMatchObject([{ count: 1, attributes }]);
  const tokens = receiver.points('gen_ai.client.token.usage');
  expect(tokens.map((point) => (point.attributes as Record<string, unknown>)['gen_ai.token.type'])).toEqual([
    'input',
    'output',
  ]);
  expect(receiver.points('http.server.request.duration')).toMatchObject([
    { attributes: { 'http.route': '/v1/chat/completions', 'http.response.status_code': '200' } },
  ]);
});

test('puts embeddings, searches and tools below the call they were made for', async () => {
  const receiver = await startOtlpReceiver();
  const economy = await start({
    environment: overOtlp(receiver),
    blocks: `embeddings: {provider: local, local: {}}
vectorstore: {provider: memory, embedding_dimensions: 768}
ingestion: {store: memory}`,
  });
  await economy.post('/v1/documents', { id: 'a', text: 'Everybody has thirty days of holiday.' });
  const question = [{ role: 'user', content: 'How many days of holiday?' }];
  await Promise.all([
    economy.chat({ messages: question, sluice: { retrieval: true } }, TRACED),
    economy.post('/v1/search', { query: 'holiday' }),
  ]);
  await economy.server.app.observation.flush();
  const spans = receiver.spans().filter(({ traceId }) => traceId === TRACE);
  const call = named(spans, 'POST /v1/chat/completions');
  for (const name of ['embeddings feature-hash-v1', 'retrieval default', 'chat model-of-openai']) {
    expect(named(spans, name).parentSpanId).toBe(call.spanId);
  }
  expect(named(spans, 'retrieval default').attributes).toMatchObject({
    'gen_ai.operation.name': 'retrieval',
    'gen_ai.data_source.id': 'default',
    'db.system.name': 'memory',
  });
});

test('carries prompts and answers where the log does too', async () => {
  const receiver = await startOtlpReceiver();
  const economy = await start({ environment: overOtlp(receiver), blocks: 'observability: {log_content: true}' });
  await economy.chat();
  await economy.server.app.observation.flush();
  const { attributes } = named(receiver.spans(), 'chat model-of-openai');
  expect(JSON.parse(attributes['gen_ai.input.messages'] as string)).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'Hello' }] },
  ]);
  expect(JSON.parse(attributes['gen_ai.output.messages'] as string)).toEqual([
    { role: 'assistant', parts: [{ type: 'text', content: TEXT }] },
  ]);
});

test('is protobuf unless JSON is asked for, with the headers of the configuration', async () => {
  const receiver = await startOtlpReceiver();
  const economy = await start({
    blocks: `observability: {tracing: {endpoint: "${receiver.origin}/collector", headers: {X-Key: a-key}}}`,
  });
  await economy.chat({}, TRACED);
  await economy.server.app.observation.flush();
  const [traces] = receiver.requests;
  expect(traces).toMatchObject({
    method: 'POST',
    url: '/collector/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'x-key': 'a-key' },
  });
  expect(traces?.body).toContain('gen_ai.operation.name');
  expect(traces?.body).toContain('chat model-of-openai');
});

test('Langfuse is sent traces with both keys as a Basic header, and no metrics', async () => {
  const receiver = await startOtlpReceiver();
  const economy = await start({
    blocks: `observability: {langfuse: {public_key: pk-lf-1, secret_key: sk-lf-2, endpoint: "${receiver.origin}"}}`,
  });
  await economy.chat();
  await economy.server.app.observation.close();
  expect(receiver.requests.map(({ url }) => url)).toEqual(['/api/public/otel/v1/traces']);
  const [, credential = ''] = (receiver.requests[0]?.headers.authorization ?? '').split('Basic ');
  expect(Buffer.from(credential, 'base64').toString()).toBe('pk-lf-1:sk-lf-2');
  expect(JSON.stringify(economy.server.logged)).not.toContain('sk-lf-2');
});

describe('a service without a receiver', () => {
  test('sends nothing anywhere but to its providers', async () => {
    const economy = await start();
    const origins = new Set<string>();
    // Published for every request of this process, by Node's own fetch and by the service's transport alike.
    const note = (message: unknown): void => {
      origins.add((message as { request: { origin: string } }).request.origin);
    };
    diagnostics.subscribe('undici:request:create', note);
    try {
      await economy.chat({}, TRACED);
      await economy.server.app.observation.flush();
      await economy.server.app.observation.close();
    } finally {
      diagnostics.unsubscribe('undici:request:create', note);
    }
    expect(origins).toEqual(new Set([economy.server.url, new URL(economy.endpoints.openai ?? '').origin]));
  });

  test('is one whose exporter is switched off by OpenTelemetry’s own variable, too', async () => {
    const receiver = await startOtlpReceiver();
    const economy = await start({ environment: { ...overOtlp(receiver), OTEL_SDK_DISABLED: 'true' } });
    await economy.chat({}, TRACED);
    await economy.server.app.observation.close();
    expect(receiver.requests).toEqual([]);
  });
});

test('a receiver that is down costs no request anything, and is told once', async () => {
  const receiver = await startOtlpReceiver();
  receiver.reply({ status: 400 }, { status: 400 }, { finish: 'refuse' }, { status: 400 }, { status: 400 });
  const economy = await start({ environment: overOtlp(receiver) });
  for (let index = 0; index < 3; index += 1) {
    expect((await economy.chat()).status).toBe(200);
    await economy.server.app.observation.flush();
  }
  const complaints = economy.server.logged.filter(({ message }) => message === 'telemetry not exported');
  expect(complaints).toMatchObject([{ severity: 'WARNING', destination: 'tracing', upstream_status: 400 }]);
});

test('only a share of the traces is sent where that is asked for, and those that their callers sampled', async () => {
  const receiver = await startOtlpReceiver();
  const environment = {
    ...overOtlp(receiver),
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
  };
  const economy = await start({ environment });
  await economy.chat();
  await economy.chat({}, TRACED);
  await economy.server.app.observation.flush();
  expect(new Set(receiver.spans().map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example.com:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT.*https/s],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /OTEL_EXPORTER_OTLP_PROTOCOL.*http\/protobuf/s,
  ],
  [
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '7',
    },
    /OTEL_TRACES_SAMPLER_ARG/,
  ],
])('says at the start what is wrong with %j', async (environment, problem) => {
  await expect(start({ environment: environment as Record<string, string> })).rejects.toThrow(problem);
});

import { describe, expect, it } from 'vitest';
import { CLOUD_RUN, expectProblem, parse } from './parse.ts';

describe('the other blocks', () => {
  it('have defaults', () => {
    const config = parse('strict: false');
    expect(config.limits).toEqual({
      chatBodyBytes: 10_485_760,
      embedBodyBytes: 10_485_760,
      ingestBodyBytes: 33_554_432,
      searchBodyBytes: 1_048_576,
      requestTimeoutMs: 300_000,
      idleTimeoutMs: 60_000,
      maxInputs: 2048,
      maxDocuments: 1000,
      providers: {},
    });
    expect(config.ingestion).toMatchObject({
      chunkSize: 1000,
      chunkOverlap: 150,
      mode: 'structural',
      concurrency: 4,
      maxEventAgeMs: 86_400_000,
      store: 'memory',
    });
    expect(config.retrieval).toEqual({
      topK: 10,
      rewrite: false,
      multiQuery: 0,
      answerWithoutContext: true,
    });
    expect(config.observability).toMatchObject({
      costTracking: true,
      trackTokens: true,
      logContent: false,
      ledger: 'memory',
    });
    expect(config.cache).toBeUndefined();
    expect(config.playground).toBe(true);
    expect(config.privacy).toEqual({ mode: 'any' });
  });

  it('count the proxies that the file names, else those that the deployment knows of', () => {
    const hops = (yaml: string, environment = {}) => parse(yaml, environment).limits.forwardedHops;
    expect(hops('strict: false')).toBeUndefined();
    expect(hops('strict: false', { SLUICE_FORWARDED_HOPS: '1' })).toBe(1);
    expect(hops('limits: {forwarded_hops: 2}', { SLUICE_FORWARDED_HOPS: '1' })).toBe(2);
    expect(hops('limits: {forwarded_hops: 0}', { SLUICE_FORWARDED_HOPS: '1' })).toBe(0);
  });

  it('serve the page in development, and elsewhere only where that is written', () => {
    expect(parse('playground: false').playground).toBe(false);
    expect(parse('auth: {mode: iam}', CLOUD_RUN).playground).toBe(false);
    expect(parse('auth: {mode: iam}', { NODE_ENV: 'production' }).playground).toBe(false);
    expect(parse('auth: {mode: iam}\nplayground: true', CLOUD_RUN).playground).toBe(true);
  });

  it('keep records in Firestore on Cloud Run and beside a Firestore vector store', () => {
    expect(parse('auth: {mode: iam}', CLOUD_RUN).observability.ledger).toBe('firestore');
    expect(parse('vectorstore: {provider: firestore}', { GCP_PROJECT_ID: 'p' }).ingestion.store).toBe('firestore');
    expect(
      parse('ingestion: {store: memory}\nvectorstore: {provider: firestore}', { GCP_PROJECT_ID: 'p' }).ingestion.store,
    ).toBe('memory');
  });

  it('read what is written', () => {
    const config = parse(`
cache: {provider: redis, url: "localhost:6379", ttl: 30m, allow_temperature: true, semantic: {enabled: true}}
limits: {chat_body_bytes: 2048, body_bytes_in_flight: 134217728, daily_usd: 5, providers: {openai: {requests_per_minute: 3}}, client: {requests_per_second: 10, burst: 20}}
ingestion: {chunk_size: 500, chunk_overlap: 50, mode: words}
retrieval: {top_k: 3, min_score: 0.7, mode: lexical, mmr: true, multi_query: 3, answer_without_context: false}
prices: {openai/gpt-4o: {input: 1, output: 2, cached_input: 0.5}, "ollama/phi3:mini": {unit: characters, input: 0}}
tools: [{name: weather, description: d, url: "https://example.com/w", method: GET, headers: {X-Key: "secret://w"}}]
observability: {log_content: true, llm_observability: {enabled: false, daily_token_limit: 5}, langfuse: {public_key: p, secret_key: s}, tracing: {endpoint: "https://otel.example.com"}}
agents: [{name: big, model: local}]
routing: {rules: [{when: {prompt_tokens_over: 1000, images: true, region: EU}, agent: big}]}
`);
    expect(config.cache).toMatchObject({
      url: { value: 'redis://localhost:6379' },
      ttlMs: 1_800_000,
      semantic: { enabled: true, threshold: 0.95 },
    });
    expect(config.limits).toMatchObject({
      chatBodyBytes: 2048,
      bodyBytesInFlight: 134_217_728,
      dailyUsd: 5,
      providers: { openai: { requestsPerMinute: 3 } },
      client: { burst: 20 },
    });
    expect(config.ingestion).toMatchObject({ chunkSize: 500, chunkOverlap: 50, mode: 'words' });
    expect(config.retrieval).toMatchObject({
      topK: 3,
      minScore: 0.7,
      mode: 'lexical',
      mmr: { lambda: 0.5 },
      multiQuery: 3,
      answerWithoutContext: false,
    });
    expect(config.prices).toEqual({
      'openai/gpt-4o': { unit: 'tokens', input: 1, output: 2, cachedInput: 0.5 },
      'ollama/phi3:mini': { unit: 'characters', input: 0 },
    });
    expect(config.tools[0]).toMatchObject({
      method: 'GET',
      headers: { 'x-key': { secret: 'w' } },
      parameters: { type: 'object' },
    });
    expect(config.observability).toMatchObject({
      logContent: true,
      trackTokens: false,
      langfuse: { endpoint: 'https://cloud.langfuse.com' },
      tracing: { endpoint: 'https://otel.example.com', protocol: 'http/protobuf', headers: {} },
      sampleRatio: 1,
      resource: { 'service.name': 'sluice' },
    });
    expect(config.observability).not.toHaveProperty('dailyTokenLimit');
    expect(config.routing.rules).toEqual([
      { when: { promptTokensOver: 1000, images: true, regions: ['eu'] }, agent: 'big' },
    ]);
  });

  it.each([
    ['ingestion: {chunk_size: 100, chunk_overlap: 100}', 'ingestion.chunk_overlap', 'smaller than chunk_size'],
    ['ingestion: {chunk_size: 100, chunk_overlap: 150}', 'ingestion.chunk_overlap', 'smaller than chunk_size'],
    ['ingestion: {mode: sentences}', 'ingestion.mode', 'structural, words'],
    ['cache: {provider: redis}', 'cache.url', 'required'],
    ['cache: {provider: redis, url: "http://x"}', 'cache.url', 'redis://'],
    ['cache: {provider: memcached}', 'cache.provider', 'memory, redis, firestore'],
    ['limits: {providers: {opnai: {}}}', 'limits.providers.opnai', 'Did you mean openai?'],
    ['limits: {chat_body_bytes: 1}', 'limits.chat_body_bytes', 'from 1024'],
    ['retrieval: {top_k: 1001}', 'retrieval.top_k', 'from 1 to 1000'],
    ['retrieval: {min_score: 1.1}', 'retrieval.min_score', 'from 0 to 1'],
    ['prices: {gpt-4: {input: 1}}', 'prices.gpt-4', 'provider/model'],
    ['prices: {"openai/gpt-4": {inputs: 1}}', 'prices["openai/gpt-4"].inputs', 'Did you mean input?'],
    ['routing: {rules: [{when: {}, agent: default}]}', 'routing.rules[0].when', 'at least one condition'],
    ['routing: {rules: [{when: {tools: true}, agent: nobody}]}', 'routing.rules[0].agent', 'Agents: default'],
    [
      'routing: {rules: [{when: {prompt_tokens_over: 10, prompt_tokens_under: 11}, agent: default}]}',
      'routing.rules[0].when',
      'never hold',
    ],
    ['tools: [{name: t, description: d, url: "http://example.com"}]', 'tools[0].url', 'https'],
    ['observability: {cost_alert_threshold: -1}', 'observability.cost_alert_threshold', 'at least 0'],
    [
      'observability: {llm_observability: {daily_token_limit: 0}}',
      'observability.llm_observability.daily_token_limit',
      'at least 1',
    ],
    ['privacy: {mode: some}', 'privacy.mode', 'local_only, any'],
    ['playground: maybe', 'playground', 'true or false'],
    ['embedings: {}', 'embedings', 'Did you mean embeddings?'],
    ['services: {ollama: {}}', 'services', 'not a known key'],
  ])('of %j are refused', (text, path, message) => {
    expectProblem(text, path, message);
  });
});

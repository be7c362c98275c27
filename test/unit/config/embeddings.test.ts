import { describe, expect, it } from 'vitest';
import { CLOUD_RUN, expectProblem, parse, problemsOf } from './parse.ts';

const OPENAI = { OPENAI_API_KEY: 'sk-1' };

describe('embeddings', () => {
  it.each([
    ['', { maxAttempts: 3, maxBackoffMs: 60_000 }],
    ['retry: {max_attempts: 5},', { maxAttempts: 5, maxBackoffMs: 60_000 }],
    ['retry: {max_backoff: 2s},', { maxAttempts: 3, maxBackoffMs: 2_000 }],
  ])('with %j wait for a model that is loaded unless the file says how long', (retry, expected) => {
    const { embeddings } = parse(`embeddings: {provider: huggingface, ${retry} huggingface: {model: a/b}}`);
    expect(embeddings?.retry).toMatchObject(expected);
  });

  it.each([
    ['embeddings: {provider: huggingface}', 'embeddings.huggingface', 'configuration must be written'],
    ['embeddings: {provider: openai}', 'embeddings.openai', 'configuration must be written'],
    [
      'embeddings: {provider: foo}',
      'embeddings.provider',
      'openai, huggingface, huggingface_tei, vertexai, gemini, ollama, local',
    ],
    ['embeddings: {provider: huggingface, huggingface: {modle: x}}', 'embeddings.huggingface.model', 'required'],
    [
      'embeddings: {provider: openai, openai: {model: text-embedding-ada-002, dimensions: 512}}',
      'embeddings.openai.dimensions',
      'does not take|always has',
    ],
    [
      'embeddings: {provider: openai, openai: {model: text-embedding-ada-002, dimensions: 1536}}',
      'embeddings.openai.dimensions',
      'does not take',
    ],
    ['embeddings: {provider: openai, openai: {dimensions: 2000}}', 'embeddings.openai.dimensions', 'at most 1536'],
    ['embeddings: {provider: local, local: {dimensions: 63}}', 'embeddings.local.dimensions', 'from 64 to 4096'],
    [
      'embeddings: {provider: huggingface_tei, huggingface_tei: {model: m}}',
      'embeddings.huggingface_tei.endpoint',
      'required',
    ],
    [
      'embeddings: {provider: huggingface_tei, huggingface_tei: {model: m, endpoint: "http://tei.example.com"}}',
      'embeddings.huggingface_tei.endpoint',
      'https',
    ],
  ])('of %j are refused', (text, path, message) => {
    const problems = problemsOf(text, OPENAI);
    expect(problems[0]?.startsWith(`${path}: `)).toBe(true);
    expect(problems[0]).toMatch(new RegExp(message));
  });

  it('need a key where the vendor wants one', () => {
    expectProblem('embeddings: {provider: openai, openai: {}}', 'embeddings.openai.api_key', 'OPENAI_API_KEY');
    expect(parse('embeddings: {provider: openai, openai: {}}', { GCP_PROJECT_ID: 'p' }).embeddings?.apiKeys).toEqual([
      { secret: 'openai-api-key' },
    ]);
    expectProblem(
      'embeddings: {provider: vertexai, vertexai: {}}',
      'embeddings.vertexai.project_id',
      'GOOGLE_CLOUD_PROJECT',
    );
    expect(parse('embeddings: {provider: vertexai, vertexai: {}}', { GCP_PROJECT_ID: 'p' }).embeddings).toMatchObject({
      model: 'text-embedding-005',
      dimensions: 768,
      project: 'p',
      location: 'us-central1',
    });
  });

  it('ask for other dimensions only when they are written', () => {
    const text = 'embeddings: {provider: openai, openai: {model: text-embedding-3-large, dimensions: 1024}}';
    expect(parse(text, OPENAI).embeddings).toMatchObject({ dimensions: 1024, requestedDimensions: 1024 });
    const plain = parse('embeddings: {provider: openai, openai: {model: text-embedding-3-large}}', OPENAI).embeddings;
    expect(plain?.dimensions).toBe(3072);
    expect(plain).not.toHaveProperty('requestedDimensions');
  });

  it('honour switches that are off', () => {
    const text =
      'embeddings: {provider: huggingface, huggingface: {model: org/m, wait_for_model: false, use_cache: false}}';
    const { embeddings } = parse(text);
    expect(embeddings).toMatchObject({ waitForModel: false, useCache: false });
    expect(embeddings).not.toHaveProperty('dimensions');
  });

  it('of an unknown model must have the dimensions of the store', () => {
    const text =
      'embeddings: {provider: ollama, ollama: {model: m}}\nvectorstore: {provider: memory, embedding_dimensions: 512}';
    expect(parse(text).embeddings).toMatchObject({ dimensions: 512, endpoint: 'http://localhost:11434' });
  });

  it('move the retired HuggingFace host to the router', () => {
    const { embeddings, warnings } = parse(
      'embeddings: {provider: huggingface, huggingface: {model: org/m, endpoint: "https://api-inference.huggingface.co"}}',
    );
    expect(embeddings).not.toHaveProperty('endpoint');
    expect(warnings).toEqual([expect.stringContaining('router.huggingface.co')]);
  });

  it('are local by default in development and absent on Cloud Run', () => {
    expect(parse('playground: true').embeddings).toMatchObject({ provider: 'local', dimensions: 768 });
    const { embeddings, vectorstore, retrieval } = parse('auth: {mode: iam}', CLOUD_RUN);
    expect([embeddings, vectorstore, retrieval.topK]).toEqual([undefined, undefined, 10]);
  });
});

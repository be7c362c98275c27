import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { ADVICE } from '../../../scripts/doctor/advice.ts';
import { type ExamineOptions, examine } from '../../../scripts/doctor/examine.ts';
import { doctor } from '../../../scripts/doctor.ts';
import { createVectorStore } from '../../../shared/app/library/vector-store.ts';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { createOllamaUpstream } from '../../support/ollama-upstream.ts';
import { createScriptedServer, type ScriptedAnswer } from '../../support/scripted-server.ts';
import { freePort } from '../../support/service-process.ts';

/** What is no finding of a kind, by check, status, subject and advice. */
async function lookAt(yaml: string, { environment = {}, ...options }: Partial<ExamineOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'agents.yaml');
  writeFileSync(config, yaml);
  const report = await examine({ environment, root: ROOT, config, ...options });
  return {
    ...report,
    wrong: report.findings
      .filter(({ status }) => status !== 'ok')
      .map(({ status, subject, remedy }) => ({ status, subject, id: remedy?.id, run: remedy?.run })),
  };
}

const KEY = { OPENAI_API_KEY: 'k' };
const local = 'embeddings: {provider: local, local: {}}\nvectorstore: {provider: memory}\n';
const agent = (...legs: string[]) => `agents: [{name: a, role: assistant, providers: [${legs.join(', ')}]}]\n${local}`;

async function startVendor(answer: (path: string) => ScriptedAnswer): Promise<string> {
  const server = await createScriptedServer(({ url }) => answer(url));
  onTestFinished(() => server.close());
  return `${server.origin}/v1`;
}

const COMPLETION = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: 'OK' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
};

describe('the doctor of a configuration', () => {
  it('finds the development defaults in order', async () => {
    const { exitCode, findings } = await examine({ environment: {}, root: ROOT });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it.each<readonly [what: string, yaml: string, subject: string, id: string, run: RegExp]>([
    ['a misspelt key', `${local}agnets: []`, 'agnets', 'configuration', /^npm run config-check /],
    [
      'a variable that is not set',
      `agents: [{name: a, role: assistant, provider: openai, model: gpt-4o, api_key: "$\{MY_KEY}"}]`,
      'agents[0].api_key',
      'variable',
      /^export MY_KEY=…$/,
    ],
    [
      'vectors of two lengths',
      'embeddings: {provider: openai, openai: {model: text-embedding-3-small, api_key: k}}\nvectorstore: {provider: memory, embedding_dimensions: 100}',
      'vectorstore.embedding_dimensions',
      'dimensions',
      /config-check/,
    ],
    [
      'a mode of keys without one',
      `${local}auth: {mode: api_key}`,
      'auth.keys',
      'auth-keys',
      /^npm run keys -- create/,
    ],
    [
      'a secret that is nowhere',
      agent('{provider: openai, model: gpt-4o, api_key: "secret://other-key"}'),
      'openai/gpt-4o',
      'variable',
      /^export OTHER_KEY=…$/,
    ],
    [
      'a store that does not answer',
      'vectorstore: {provider: qdrant, qdrant: {url: "http://127.0.0.1:9"}, embedding_dimensions: 768}',
      'qdrant',
      'store',
      /doctor/,
    ],
    [
      'an Ollama that does not answer',
      agent('{provider: ollama, model: llama3, endpoint: "http://127.0.0.1:9"}'),
      'ollama/llama3',
      'ollama-down',
      /^ollama serve/,
    ],
  ])('sees %s, and says what to run', async (_what, yaml, subject, id, run) => {
    const { exitCode, wrong } = await lookAt(yaml);
    expect(exitCode).toBe(1);
    const found = wrong.find((finding) => finding.status === 'problem');
    expect(found).toMatchObject({ subject, id });
    expect(found?.run).toMatch(run);
  });

  it('notes a key that has expired as that one key, while others hold', async () => {
    const keys = '[{name: web, key: a-key-that-is-long}, {name: old, key: another-key-of-old, expires: 2020-01-01}]';
    const { exitCode, wrong } = await lookAt(`${local}auth: {mode: api_key, keys: ${keys}}`);
    expect(exitCode).toBe(0);
    expect(wrong).toEqual([
      expect.objectContaining({ status: 'warning', subject: 'auth.keys[1].expires', id: 'one-key' }),
    ]);
  });

  it('notes a collection that another model has filled', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'vectors.bin');
    const fill = createVectorStore({
      provider: 'memory',
      file,
      embeddingDimensions: 768,
      embeddingModel: 'openai/text-embedding-3-small@768',
      tenancy: true,
      environment: {},
    });
    await fill.upsert([{ id: 'a', content: 'Text.', embedding: new Float32Array(768).fill(1) }], { tenant: 't1' });
    await fill.close();
    const store = `vectorstore: {provider: memory, embedding_dimensions: 768, memory: {file: "${file}"}}\n`;
    const of = (provider: string) => lookAt(`embeddings: {provider: ${provider}}\n${store}`, { environment: KEY });
    expect((await of('local')).wrong).toEqual([
      expect.objectContaining({ status: 'warning', subject: 'memory', id: 'foreign-model' }),
    ]);
    const own = await of('openai, openai: {model: text-embedding-3-small, dimensions: 768}');
    expect(own.wrong.map(({ id }) => id)).not.toContain('foreign-model');
  });

  it('notes what works and may surprise: a retired host, a model without a price, everybody let in', async () => {
    const yaml = `${agent(
      '{provider: huggingface, model: some/model, endpoint: "https://api-inference.huggingface.co", api_key: k}',
    )}auth: {mode: none}\n`;
    const { exitCode, wrong } = await lookAt(yaml, { environment: { NODE_ENV: 'production' } });
    expect(exitCode).toBe(0);
    expect(new Set(wrong.map(({ id }) => id))).toEqual(new Set(['retired-host', 'price', 'auth-none']));
  });

  it('knows a model that the server does not have from one that it has', async () => {
    const ollama = await createOllamaUpstream();
    onTestFinished(() => ollama.close());
    const leg = (model: string) => agent(`{provider: ollama, model: "${model}", endpoint: "${ollama.origin}"}`);
    const missing = await lookAt(leg('llama3.1:8b'));
    expect(missing.wrong).toEqual([
      { status: 'problem', subject: 'ollama/llama3.1:8b', id: 'ollama-model', run: 'ollama pull llama3.1:8b' },
    ]);
    expect((await lookAt(leg('phi3.5:3.8b-mini-instruct-q4_K_M'))).wrong).toEqual([]);
  });

  it('calls no model unless it is told to', async () => {
    const paths: string[] = [];
    const endpoint = await startVendor((path) => {
      paths.push(path);
      return { body: COMPLETION };
    });
    const yaml = agent(`{provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${endpoint}"}`);
    expect((await lookAt(yaml)).exitCode).toBe(0);
    expect(paths).toEqual([]);
    const called = await lookAt(yaml, { call: true });
    expect(called.wrong).toEqual([]);
    expect(paths).toEqual(['/v1/chat/completions']);
  });

  it.each<readonly [what: string, answer: ScriptedAnswer, id: string]>([
    ['a refused key', { status: 401, body: { error: { message: 'bad', code: 'invalid_api_key' } } }, 'key-refused'],
    ['an empty account', { status: 429, body: { error: { message: 'x', code: 'insufficient_quota' } } }, 'quota'],
    ['a model that is gone', { status: 404, body: { error: { message: 'x', code: 'model_not_found' } } }, 'model'],
    ['a limit', { status: 429, body: { error: { message: 'x', code: 'rate_limit_exceeded' } } }, 'rate-limit'],
  ])('sees %s by calling, without the other legs answering in its place', async (_what, answer, id) => {
    const good = await startVendor(() => ({ body: COMPLETION }));
    const bad = await startVendor(() => answer);
    const yaml = agent(
      `{provider: openai, model: gpt-4o, api_key: not-to-be-shown, endpoint: "${bad}"}`,
      `{provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${good}"}`,
    );
    const { exitCode, wrong, findings } = await lookAt(yaml, { call: true });
    expect(exitCode).toBe(1);
    expect(wrong).toMatchObject([{ status: 'problem', subject: 'openai/gpt-4o', id }]);
    expect(JSON.stringify(findings)).not.toContain('not-to-be-shown');
  });
});

describe('the doctor of a running service', () => {
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer();
  });
  afterAll(() => server.close());

  const look = (options: Partial<ExamineOptions> = {}) =>
    examine({ environment: {}, root: ROOT, url: `${server.url}/`, ...options });

  it('finds one that works in order, and tries everything once when it may', async () => {
    const { exitCode, findings } = await look({ call: true });
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(exitCode).toBe(0);
    expect(findings.map(({ subject }) => subject)).toEqual(
      expect.arrayContaining(['ready', 'agent default', 'ingest', 'chat, streamed', 'delete']),
    );
  });

  const answering =
    (answers: Readonly<Record<string, () => Response>>): typeof fetch =>
    async (input, init) =>
      answers[new URL(String(input)).pathname]?.() ?? fetch(input, init);

  it.each<readonly [what: string, answers: Record<string, () => Response>, id: string]>([
    ['a page of Google’s that refuses', { '/health': () => new Response('<html>', { status: 403 }) }, 'caller-invoker'],
    [
      'a key that does not hold',
      { '/v1/models': () => Response.json({ error: { message: 'No.' } }, { status: 401 }) },
      'caller-key',
    ],
    ['nothing at the address', { '/health': () => new Response('', { status: 404 }) }, 'not-deployed'],
    ['another service', { '/health': () => Response.json({ up: true }) }, 'not-deployed'],
    ['one that does not start', { '/health': () => new Response('', { status: 503 }) }, 'not-running'],
    [
      'a store that is down',
      { '/ready': () => Response.json({ problems: ['The vector store is not usable (network).'] }, { status: 503 }) },
      'store',
    ],
  ])('sees %s', async (_what, answers, id) => {
    const { exitCode, findings } = await look({ fetch: answering(answers) });
    expect(exitCode).toBe(1);
    expect(findings.filter(({ status }) => status === 'problem').map(({ remedy }) => remedy?.id)).toEqual([id]);
  });

  it('warns of a public address that answers anybody', async () => {
    const send: typeof fetch = (input, init) =>
      fetch(String(input).replace('https://llm.example.com', server.url), init);
    const { findings } = await look({
      url: 'https://llm.example.com',
      fetch: send,
      environment: { SLUICE_API_KEY: 'k' },
    });
    expect(findings.filter(({ status }) => status === 'problem').map(({ remedy }) => remedy?.id)).toEqual(['open']);
  });

  it('says that nothing answers', async () => {
    const { exitCode, findings } = await look({ url: `http://127.0.0.1:${await freePort()}` });
    expect(exitCode).toBe(1);
    expect(findings[0]?.detail).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });
});

describe('npm run doctor', () => {
  it('prints what is in order and what is wrong with its command, or one object', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'a.yaml');
    writeFileSync(file, agent('{provider: ollama, model: llama3, endpoint: "http://127.0.0.1:9"}'));
    const text = await doctor(['--config', file], { environment: {} });
    expect(text.exitCode).toBe(1);
    expect(text.output).toContain('WRONG  ollama/llama3: network');
    expect(text.output).toContain(ADVICE['ollama-down'].run);
    expect(text.output).toMatch(/\d+ in order, 1 wrong, 0 to note, 0 not looked at$/);
    const json = await doctor(['--config', file, '--json'], { environment: {} });
    expect(JSON.parse(json.output)).toMatchObject({ ok: false });
    expect(json.exitCode).toBe(1);
  });

  it.each([[['--confg', 'x']], [['--url', 'llm.example.com']], [['stray']]])(
    'explains its use to those who get it wrong: %j',
    async (args) => {
      const { exitCode, output } = await doctor(args, { environment: {} });
      expect(exitCode).toBe(2);
      expect(output).toContain('Usage: npm run doctor');
    },
  );
});

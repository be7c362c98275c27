import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../shared/config/load.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { CLOUD_RUN, parse, problemsOf } from './parse.ts';

const REF = '$' + '{';

describe('parseConfig', () => {
  it('lists every problem of every block, one per line, after the name of the source', () => {
    const text = `
agents:
  - name: a
    model: gpt-4-turbo
    api_key: ${REF}NO_KEY}
    temprature: 1
  - name: b
    model: x
    provider: foo
embeddings:
  provider: huggingface
vectorstore:
  provider: memory
  default_top_k: 0
ingestion: {chunk_size: 5, chunk_overlap: 9}
nonsense: 1
`;
    let message = '';
    try {
      parseConfig(text, { environment: {}, source: 'agents.yaml' });
    } catch (error) {
      if (error instanceof AppError) message = error.message;
    }
    const [head, ...lines] = message.split('\n').map((line) => line.trim());
    expect(head).toBe('agents.yaml has 7 problems:');
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'agents[0].api_key',
      'agents[0].temprature',
      'agents[1].provider',
      'vectorstore.default_top_k',
      'nonsense',
      'embeddings.huggingface',
      'ingestion.chunk_overlap',
    ]);
  });

  it('never repeats a value that could be a key', () => {
    const secret = 'sk-SECRET123';
    const texts = [
      `agents: [{name: a, model: gpt-4, provider: "${REF}K}-and-something-long"}]`,
      `agents: [{name: a, model: gpt-4, api_key: {value: "${REF}K}"}]`,
      `embeddings: {provider: openai, openai: {api_key: k, endpoint: "https://${REF}K}@x.com"}}`,
      `vectorstore: {provider: pgvector, pgvector: {connection_string: "${REF}K}"}}`,
      `auth: {keys: [{name: a, key_sha256: "${REF}K}"}]}`,
      `cache: {provider: redis, url: "${REF}K}"}`,
    ];
    for (const text of texts) {
      const problems = problemsOf(text, { K: secret });
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join('\n')).not.toContain('SECRET123');
    }
    expect(problemsOf('agents: [{name: a, api_key: sk-SECRET123\n').join('\n')).not.toContain('SECRET123');
  });

  it.each([
    ['', 'the file is empty'],
    ['# only a comment', 'the file is empty'],
    ['just text', 'must be a mapping'],
    ['a: [1', 'at line 1'],
    ['playground: true\nplayground: false', 'unique'],
    ['playground: !env X', 'tag'],
    ['agents: *nobody', 'alias'],
    ['--- {}\n--- {}', 'document'],
    [`agents: [{name: a, model: gpt-4, prompt: "${REF}"}]`, 'agents[0].prompt: a "${" is not closed'],
    [`agents: [{name: a, model: gpt-4, prompt: "${REF}}"}]`, 'agents[0].prompt: a reference does not name'],
    [`agents: [{name: a, model: gpt-4, prompt: "${REF}1X}"}]`, 'agents[0].prompt: a reference does not name'],
  ])('refuses %j', (text, message) => {
    expect(problemsOf(text, { OPENAI_API_KEY: 'k' }).join('\n').toLowerCase()).toContain(message.toLowerCase());
  });

  it('gives a tree that cannot be changed', () => {
    const config = parse('agents: [{name: a, model: local}]');
    const isFrozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(config)).toBe(true);
    expect(JSON.stringify(config)).not.toContain('undefined');
  });

  it('keeps keys out of a serialised configuration', () => {
    const config = parse('agents: [{name: a, model: gpt-4}]\nauth: {keys: [{name: k, key: my-SECRET123-caller-key}]}', {
      OPENAI_API_KEY: 'sk-SECRET123',
    });
    expect(JSON.stringify(config)).not.toContain('SECRET123');
  });

  it('supports anchors and merges, which keep a cascade short', () => {
    const text = `
agents:
  - &base {name: a, model: local, max_tokens: 7}
  - {<<: *base, name: b}
`;
    expect(parse(text).agents.map(({ name, maxTokens }) => [name, maxTokens])).toEqual([
      ['a', 7],
      ['b', 7],
    ]);
  });

  it('answers any text with a configuration or with a configuration error', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
    const names = fc.constantFrom(
      'agents',
      'name',
      'model',
      'providers',
      'embeddings',
      'provider',
      'openai',
      'auth',
      'keys',
      '__proto__',
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(names, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          tree.map((value) => JSON.stringify(value) ?? ''),
        ),
        (text) => {
          expect(Array.isArray(problemsOf(text))).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('loadConfig', () => {
  let directory = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-config-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function write(name: string, text: string): Promise<string> {
    const file = join(directory, name);
    await writeFile(file, text);
    return file;
  }

  it('reads the file SLUICE_CONFIG names, wherever it runs', async () => {
    const file = await write('mine.yaml', 'auth: {mode: iam}\nagents: [{name: mine, model: local}]');
    await write('agents.yaml', 'nonsense: 1');
    for (const base of [{}, CLOUD_RUN]) {
      const { config, choices } = await loadConfig({ environment: { ...base, SLUICE_CONFIG: file }, directory });
      expect(config.source).toBe(file);
      expect(config.agents.map(({ name }) => name)).toEqual(['mine']);
      expect(choices.join()).not.toContain('extractive');
    }
  });

  it('reads agents.yaml beside the code on Cloud Run, and there only', async () => {
    await write('agents.yaml', 'auth: {mode: iam}\nagents: [{name: shipped, model: local}]');
    const shipped = await loadConfig({ environment: CLOUD_RUN, directory });
    expect(shipped.config.agents[0]?.name).toBe('shipped');
    const local = await loadConfig({ environment: { SLUICE_CONFIG: '' }, directory });
    expect(local.config).toMatchObject({
      source: 'development defaults',
      agents: [{ name: 'default' }],
      playground: true,
    });
  });

  it('says how to get a file where one is needed', async () => {
    await expect(loadConfig({ environment: CLOUD_RUN, directory })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/ENOENT.*SLUICE_CONFIG/),
    });
    await expect(loadConfig({ environment: { SLUICE_CONFIG: directory } })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(/EISDIR.*correct the path/),
    });
  });

  it('names the file in its errors', async () => {
    const file = await write('bad.yaml', 'nonsense: 1');
    await expect(loadConfig({ environment: { SLUICE_CONFIG: file } })).rejects.toMatchObject({
      message: expect.stringContaining(`${file} has a problem:\n  nonsense: is not a known key`),
    });
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/build.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createModelUpstream } from '../support/model-upstream.ts';
import { createOllamaUpstream, type OllamaUpstream } from '../support/ollama-upstream.ts';
import { post } from '../support/post.ts';
import type { ScriptedServer } from '../support/scripted-server.ts';
import { describeWithFirestore } from '../support/services.ts';

const run = promisify(execFile);
const README_URL = 'http://127.0.0.1:8080';
const OLLAMA_URL = 'http://localhost:11434';

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

/** An agent `default` whose model has tools and schemas, for the snippets that need one. */
const toYaml = (origin: string): string => `
agents: [{name: default, role: assistant, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${origin}/v1"}]
`;

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, code]) => code as string,
  );
}

describe('the README', () => {
  let server: AppServer;
  let modelled: AppServer;
  let model: ScriptedServer;
  let ollama: OllamaUpstream;
  let directory: string;

  beforeAll(async () => {
    server = await startAppServer();
    model = await createModelUpstream();
    modelled = await startAppServer({ yaml: toYaml(model.origin) });
    ollama = await createOllamaUpstream();
    // Inside the checkout, so that the snippets find their packages.
    directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-readme-'));
  });

  afterAll(async () => {
    await server.close();
    await modelled.close();
    await model.close();
    await ollama.close();
    await rm(directory, { recursive: true, force: true });
  });

  const curls = blocks('sh').filter((code) => code.startsWith('curl'));
  it.each(curls.map((code, index) => [index + 1, code]))('runs its curl block %s', async (_, code) => {
    const script = (code as string)
      .replaceAll(README_URL, server.url)
      .replaceAll(/^curl /gm, 'curl --silent --show-error --fail-with-body ');
    const { stdout } = await run('bash', ['-euc', script]);
    expect(stdout).toContain('"object"');
  });

  /** A snippet as a program in the directory, which talks to the servers of the test. */
  const writeSnippet = async (name: string, code: string): Promise<string> => {
    const file = join(directory, `${name}.mts`);
    const runnable = code
      .replaceAll(README_URL, modelled.url)
      .replaceAll(OLLAMA_URL, ollama.origin)
      .replaceAll('apiKey: process.env.OPENAI_API_KEY', `apiKey: 'k', endpoint: '${model.origin}/v1'`)
      .replaceAll("'./shared/", "'../../shared/");
    await writeFile(file, runnable);
    return file;
  };
  const runSnippet = async (file: string, environment: Record<string, string> = {}): Promise<string> => {
    const env = { ...process.env, ...environment };
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', file], { cwd: ROOT, env });
    expect(stderr).toBe('');
    return stdout;
  };

  const snippets = blocks('ts');
  it.each(snippets.map((code, index) => [index + 1, code]))('runs its TypeScript block %s', async (number, code) => {
    await post(`${modelled.url}/v1/documents`, { id: 'handbook', text: 'Thirty days off a year.' });
    const output = await runSnippet(await writeSnippet(`snippet-${number}`, code as string));
    expect(output.trim()).not.toBe('');
    // What the model says to all of these, and what it calls the tool with.
    if ((code as string).includes('Lisbon')) for (const word of ['21 °C', 'Lisbon']) expect(output).toContain(word);
  });

  it('shows TypeScript that its compiler takes', async () => {
    for (const [index, code] of snippets.entries()) await writeSnippet(`checked-${index + 1}`, code);
    const config = join(directory, 'tsconfig.json');
    const include = ['checked-*.mts', join(ROOT, 'shared/**/*.d.ts')];
    await writeFile(config, JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include }));
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await run(process.execPath, [compiler, '--noEmit', '-p', config]).catch((error) => error);
    expect(stdout).toBe('');
  });

  describeWithFirestore('on Firestore', (host) => {
    it('runs the retrieval that it shows on memory', async () => {
      const code = snippets.find((snippet) => snippet.includes("provider: 'memory'")) as string;
      const firestore = `provider: 'firestore', projectId: 'demo-readme-${Date.now()}', collection: 'knowledge_base'`;
      const file = await writeSnippet('firestore', code.replace("provider: 'memory'", firestore));
      const output = await runSnippet(file, { FIRESTORE_EMULATOR_HOST: host, METADATA_SERVER_DETECTION: 'none' });
      expect(output).toMatch(/^0\.\d\d Sluice is a serverless backend for LLMs\.\n0\.\d\d RAG combines/);
    });
  });

  it('has a block of each kind', () => {
    expect(curls.length).toBeGreaterThanOrEqual(4);
    expect(snippets.length).toBeGreaterThanOrEqual(8);
  });

  it('shows a configuration that loads', () => {
    for (const yaml of blocks('yaml')) {
      const variables = [...yaml.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name as string);
      const { config } = parseConfig(yaml, {
        environment: Object.fromEntries(variables.map((name) => [name, 'test'])),
      });
      expect(config.agents.length).toBeGreaterThan(0);
    }
  });

  it('names only scripts that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name as string);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

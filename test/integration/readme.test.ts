import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/build.ts';
import { parseConfig } from '../../shared/config/load.ts';
import { type AppServer, startAppServer } from '../support/app-server.ts';
import { createOllamaUpstream, type OllamaUpstream } from '../support/ollama-upstream.ts';

const run = promisify(execFile);
const README_URL = 'http://127.0.0.1:8080';
const OLLAMA_URL = 'http://localhost:11434';

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(
    ([, code]) => code as string,
  );
}

describe('the README', () => {
  let server: AppServer;
  let ollama: OllamaUpstream;
  let directory: string;

  beforeAll(async () => {
    server = await startAppServer();
    ollama = await createOllamaUpstream();
    // Inside the checkout, so that the snippets find their packages.
    directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-readme-'));
  });

  afterAll(async () => {
    await server.close();
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

  const snippets = blocks('ts');
  it.each(snippets.map((code, index) => [index + 1, code]))('runs its TypeScript block %s', async (number, code) => {
    const file = join(directory, `snippet-${number}.mts`);
    const runnable = (code as string)
      .replaceAll(README_URL, server.url)
      .replaceAll(OLLAMA_URL, ollama.origin)
      .replaceAll("'./shared/", "'../../shared/");
    await writeFile(file, runnable);
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', file], { cwd: ROOT });
    expect(stderr).toBe('');
    if (!(code as string).includes('vectorStores')) expect(stdout.trim()).not.toBe('');
  });

  it('has a block of each kind', () => {
    expect(curls.length).toBeGreaterThanOrEqual(4);
    expect(snippets.length).toBeGreaterThanOrEqual(3);
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

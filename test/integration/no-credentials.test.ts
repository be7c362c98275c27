import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'sluice-credentials-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs Node with TypeScript in a home without credentials. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    env: { PATH: process.env.PATH, HOME: directory, METADATA_SERVER_DETECTION: 'none', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const [code] = await once(child, 'close');
  return { code, output: output.trim() };
}

const missing = { GOOGLE_APPLICATION_CREDENTIALS: join(directory, 'missing.json') };

it('a command whose credentials cannot be read ends with what to do, and without a stack', async () => {
  const file = join(directory, 'agents.yaml');
  writeFileSync(
    file,
    'auth: { mode: api_key, store: firestore }\nagents: [{ name: a, provider: local, model: extractive }]\n',
  );
  const { code, output } = await run(['scripts/keys.ts', 'list'], {
    ...missing,
    SLUICE_CONFIG: file,
    GOOGLE_CLOUD_PROJECT: 'project',
  });
  expect(output).toMatch(
    /^The file that credentials_file or GOOGLE_APPLICATION_CREDENTIALS names cannot be read: .*\.$/,
  );
  expect(code).toBe(1);
});

describe('a program that catches what a Firestore store throws goes on', () => {
  const program = `
    import { createVectorStore } from './shared/app/library/vector-store.ts';
    const options = { provider: 'firestore', projectId: 'project', collection: 'c', embeddingModel: 'm' };
    const store = createVectorStore({ ...options, embeddingDimensions: 3 });
    const embedding = Float32Array.of(1, 0, 0);
    const calls = [
      () => store.upsert([{ id: 'a', content: 'text', embedding, metadata: {} }]),
      () => store.search({ embedding, topK: 1 }),
    ];
    for (const call of calls) await call().catch(({ name, code, message }) => console.log(name, code, message));
    await store.close();
    // What was rejected with nobody to hold it would end the process before this.
    setTimeout(() => console.log('still here'), 100);
  `;

  it.each([
    ['without any credentials', {}, 'gcloud auth application-default login'],
    ['without the file of its credentials', missing, 'GOOGLE_APPLICATION_CREDENTIALS names cannot be read'],
  ])('%s', async (_how, environment, cure) => {
    const { code, output } = await run(['--input-type=module', '--eval', program], environment);
    const lines = output.split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines.slice(0, 2)) {
      expect(line).toContain('AppError configuration');
      expect(line).toContain(cure);
    }
    expect(lines[2]).toBe('still here');
    expect(code).toBe(0);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'sluice-credentials-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('a command whose credentials cannot be read ends with what to do, and without a stack', async () => {
  const file = join(directory, 'agents.yaml');
  writeFileSync(
    file,
    'auth: { mode: api_key, store: firestore }\nagents: [{ name: a, provider: local, model: extractive }]\n',
  );
  const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/keys.ts', 'list'], {
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      SLUICE_CONFIG: file,
      GOOGLE_CLOUD_PROJECT: 'project',
      GOOGLE_APPLICATION_CREDENTIALS: join(directory, 'missing.json'),
      METADATA_SERVER_DETECTION: 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const [code] = await once(child, 'close');
  expect(output.trim()).toBe('The file that credentials_file or GOOGLE_APPLICATION_CREDENTIALS names cannot be read.');
  expect(code).toBe(1);
});

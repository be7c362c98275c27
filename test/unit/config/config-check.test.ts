import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConfigFile } from '../../../scripts/config-check.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/guide');
const KEYS = { OPENAI_API_KEY: 'sk-SECRET123', GCP_PROJECT_ID: 'my-project' };

describe('checkConfigFile', () => {
  it('prints what a file means, without any key', async () => {
    const { exitCode, output, errors } = await checkConfigFile(join(FIXTURES, 'fallback.yaml'), KEYS);
    expect([exitCode, errors]).toEqual([0, []]);
    expect(output).toEqual(
      expect.arrayContaining([
        'agent resilient-analyzer (react, cascade)',
        '  1. openai/gpt-4-turbo, 1 key',
        '  2. vertexai/gemini-1.5-flash, project my-project, us-central1',
        '  -  anthropic/claude-3-sonnet: disabled, ANTHROPIC_API_KEY is not set',
        'embeddings: local/feature-hash-v1 (768 dimensions)',
        'vector store: memory (768 dimensions)',
        'Warnings:',
      ]),
    );
    expect(output.join('\n')).not.toContain('SECRET123');
  });

  it('names secrets by reference and model services by name', async () => {
    const { output } = await checkConfigFile(join(FIXTURES, 'ollama-quick-start.yaml'), {});
    expect(output).toContain(
      '  1. ollama/phi3.5:3.8b-mini-instruct-q4_K_M, model service phi-local, at http://localhost:11434',
    );
    const withSecret = await checkConfigFile(join(FIXTURES, 'timeout.yaml'), { GCP_PROJECT_ID: 'p' });
    expect(withSecret.output).toContain('  1. openai/gpt-4-turbo, secret openai-api-key');
  });

  it('reports problems, unreadable files and a missing argument with their exit codes', async () => {
    const problems = await checkConfigFile(join(FIXTURES, 'openai.yaml'), {});
    expect(problems).toMatchObject({
      exitCode: 1,
      output: [],
      errors: [expect.stringContaining('agents[0].api_key: OPENAI_API_KEY')],
    });
    expect(await checkConfigFile('/nonexistent.yaml', {})).toMatchObject({
      exitCode: 1,
      errors: [expect.stringContaining('ENOENT')],
    });
  });
});

describe('the command', () => {
  const run = promisify(execFile);
  const script = join(import.meta.dirname, '../../../scripts/config-check.ts');
  let directory = '';

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-check-'));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it('exits with 1 and writes the problems to stderr', async () => {
    const file = join(directory, 'bad.yaml');
    await writeFile(file, 'embedings: {}\n');
    const failure = await run(process.execPath, ['--import', 'tsx', script, file], {
      env: { PATH: process.env.PATH },
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Did you mean embeddings?') });
  });
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdTokenSource } from '../../../shared/security/id-token.ts';
import { type MetadataServer, startMetadataServer } from '../../support/metadata-server.ts';
import type { RecordedRequest, ScriptedAnswer } from '../../support/scripted-server.ts';

const OLLAMA = 'https://ollama-abc123-uc.a.run.app';
const VLLM = 'https://vllm-1234.europe-west1.run.app';

let metadata: MetadataServer;
let made = 0;
let answer: (request: RecordedRequest) => ScriptedAnswer;

beforeEach(async () => {
  made = 0;
  answer = () => {
    made += 1;
    return { body: toJwt(`token-${made}`, Math.floor(Date.now() / 1000) + 3600) };
  };
  metadata = await startMetadataServer((request) => answer(request));
});

afterEach(() => metadata.close());

function toJwt(subject: string, exp: number): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'RS256' })}.${encode({ sub: subject, exp })}.signature-of-${subject}`;
}

const audiences = (): (string | null)[] =>
  metadata.requests
    .filter(({ url }) => url.includes('/identity'))
    .map(({ url }) => new URL(url, 'http://metadata').searchParams.get('audience'));

describe('ID tokens of the instance', () => {
  it('come from the metadata server, for exactly the audience, once each', async () => {
    const source = createIdTokenSource();
    const tokens = await Promise.all(Array.from({ length: 10 }, () => source.get(OLLAMA)));
    expect(new Set(tokens).size).toBe(1);
    expect(await source.get(OLLAMA)).toBe(tokens[0]);
    expect(audiences()).toEqual([OLLAMA]);
    expect(await source.get(VLLM)).not.toBe(tokens[0]);
    expect(audiences()).toEqual([OLLAMA, VLLM]);
  });

  it('are asked for again after one was refused', async () => {
    const source = createIdTokenSource();
    const refused = await source.get(OLLAMA);
    const other = await source.get(VLLM);
    source.drop(OLLAMA, refused);
    const renewed = await source.get(OLLAMA);
    expect(renewed).not.toBe(refused);
    source.drop(OLLAMA, refused);
    expect(await source.get(OLLAMA)).toBe(renewed);
    expect(await source.get(VLLM)).toBe(other);
    expect(audiences()).toEqual([OLLAMA, VLLM, OLLAMA]);
  });

  it('that the server does not give are an error, which is not remembered', async () => {
    const make = answer;
    answer = () => ({ status: 404, body: 'service account token-1 not found' });
    const source = createIdTokenSource();
    const error = await source.get(OLLAMA).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AppError', code: 'authentication', upstreamStatus: 404 });
    expect((error as Error).message).not.toContain('token-1');
    answer = make;
    await expect(source.get(OLLAMA)).resolves.toContain('signature-of-token-1');
  });

  it('come when the sources are run as they are, without a bundle', async () => {
    const file = join(import.meta.dirname, '../../../shared/security/id-token.ts');
    const script = `const { createIdTokenSource } = await import(${JSON.stringify(file)});
      process.stdout.write(await createIdTokenSource().get('${OLLAMA}'));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import=tsx',
      '--input-type=module',
      '--eval',
      script,
    ]);
    expect(stdout).toContain('signature-of-token-1');
  });
});

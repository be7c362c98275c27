import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import {
  createScriptedServer,
  type RecordedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
} from './scripted-server.ts';

export interface MetadataServer {
  readonly requests: readonly RecordedRequest[];
  close(): Promise<void>;
}

/**
 * Google Cloud's metadata server on 127.0.0.1, which google-auth-library is pointed at by variables that vitest resets
 * after the test. Neither a key file nor the credentials of whoever runs the test are found beside it.
 * @param answer asked for the paths that tell tokens (`/token`, `/identity`); the rest is answered with nothing.
 */
export async function startMetadataServer(
  answer: (request: RecordedRequest) => ScriptedAnswer,
): Promise<MetadataServer> {
  const server: ScriptedServer = await createScriptedServer();
  const headers = { 'metadata-flavor': 'Google', 'content-type': 'application/json' };
  const script = (request: RecordedRequest): ScriptedAnswer => {
    server.reply(script);
    return /\/(?:token|identity)\b/.test(request.url) ? { headers, ...answer(request) } : { headers, body: '' };
  };
  server.reply(script);
  vi.stubEnv('GCE_METADATA_HOST', new URL(server.origin).host);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  const home = await mkdtemp(join(tmpdir(), 'no-gcloud-'));
  vi.stubEnv('CLOUDSDK_CONFIG', home);
  vi.stubEnv('HOME', home);
  return { requests: server.requests, close: server.close };
}

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAccessTokenSource } from '../../../shared/security/access-token.ts';
import { createScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';

let metadata: ScriptedServer;

beforeEach(async () => {
  metadata = await createScriptedServer();
  vi.stubEnv('GCE_METADATA_HOST', new URL(metadata.origin).host);
  vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present');
  // Neither a key file nor the credentials of whoever runs this.
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
  vi.stubEnv('CLOUDSDK_CONFIG', await mkdtemp(join(tmpdir(), 'no-gcloud-')));
  vi.stubEnv('HOME', process.env.CLOUDSDK_CONFIG ?? '');
});

afterEach(async () => {
  await metadata.close();
});

/** A metadata server that numbers its tokens; the library asks it for other things too. */
function serveTokens(): void {
  let made = 0;
  const answer = ({ url }: { readonly url: string }) => {
    const headers = { 'metadata-flavor': 'Google', 'content-type': 'application/json' };
    if (!url.includes('/token')) return { headers, body: '' };
    made += 1;
    return { headers, body: { access_token: `token-${made}`, expires_in: 3600, token_type: 'Bearer' } };
  };
  metadata.reply(...Array.from({ length: 20 }, () => answer));
}

test('the tokens of the instance come from the metadata server, once each', async () => {
  serveTokens();
  const source = createAccessTokenSource();
  expect(await Promise.all([source.get(), source.get()])).toEqual(['token-1', 'token-1']);
  expect(await source.get()).toBe('token-1');
  source.drop('token-1');
  expect(await source.get()).toBe('token-2');
  const asked = metadata.requests.filter(({ url }) => url.includes('/token'));
  expect(asked).toHaveLength(2);
  expect(asked[0]?.headers['metadata-flavor']).toBe('Google');
});

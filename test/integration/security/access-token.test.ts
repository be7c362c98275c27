import { expect, test } from 'vitest';
import { createAccessTokenSource } from '../../../shared/security/access-token.ts';
import { startMetadataServer } from '../../support/metadata-server.ts';

test('the tokens of the instance come from the metadata server, once each', async () => {
  let made = 0;
  const metadata = await startMetadataServer(() => {
    made += 1;
    return { body: { access_token: `token-${made}`, expires_in: 3600, token_type: 'Bearer' } };
  });
  try {
    const source = createAccessTokenSource();
    expect(await Promise.all([source.get(), source.get()])).toEqual(['token-1', 'token-1']);
    expect(await source.get()).toBe('token-1');
    source.drop('token-1');
    expect(await source.get()).toBe('token-2');
    const asked = metadata.requests.filter(({ url }) => url.includes('/token'));
    expect(asked).toHaveLength(2);
    expect(asked[0]?.headers['metadata-flavor']).toBe('Google');
  } finally {
    await metadata.close();
  }
});

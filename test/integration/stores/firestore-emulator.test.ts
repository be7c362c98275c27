import { expect, it, onTestFinished, vi } from 'vitest';
import { createFirestoreClient } from '../../../shared/stores/firestore-client.ts';
import { startMetadataServer } from '../../support/metadata-server.ts';
import { describeWithFirestore, EMULATOR_PROJECT } from '../../support/services.ts';

describeWithFirestore('a client of the emulator', () => {
  it('does not look for credentials, which on a machine that is not Google’s takes time and warns', async () => {
    const metadata = await startMetadataServer(() => ({ status: 404 }));
    onTestFinished(() => metadata.close());
    vi.stubEnv('METADATA_SERVER_DETECTION', 'ping-only');
    const client = createFirestoreClient({ projectId: EMULATOR_PROJECT });
    onTestFinished(() => client.close());
    const exists = await client.run(async ({ firestore }) => (await firestore.doc('emulator/nothing').get()).exists);
    expect(exists).toBe(false);
    expect(metadata.requests.map(({ url }) => url)).toEqual([]);
  });
});

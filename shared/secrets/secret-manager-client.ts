import type { protos, SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { AppError } from '../contracts/app-error.ts';
import { crc32c } from './crc32c.ts';
import { describe, fromSecretManagerError } from './secret-manager-errors.ts';
import type { SecretName } from './secret-name.ts';

export type SecretManagerClientOptions = NonNullable<ConstructorParameters<typeof SecretManagerServiceClient>[0]>;

export interface SecretManagerClient {
  /**
   * The text of one version, without its trailing newline. One request, no retry.
   * @throws AppError `configuration` (what Secret Manager says of the secret, its content, our credentials), else
   * `network`, `timeout`, `rate_limit` or `server_error`.
   */
  read(name: SecretName, options: { readonly timeoutMs: number }): Promise<string>;
  close(): Promise<void>;
}

/** Google's client, loaded and opened on first use, one per location: regional secrets have endpoints of their own. */
export function createSecretManagerClient(options: SecretManagerClientOptions = {}): SecretManagerClient {
  const clients = new Map<string | undefined, Promise<SecretManagerServiceClient>>();

  const connect = (location: string | undefined): Promise<SecretManagerServiceClient> => {
    const known = clients.get(location);
    if (known) return known;
    const opened = open(location, options).catch((error: unknown) => {
      // Credentials may be put right while we run.
      if (clients.get(location) === opened) clients.delete(location);
      throw error;
    });
    clients.set(location, opened);
    return opened;
  };

  return {
    async read(name, { timeoutMs }) {
      try {
        const client = await connect(name.location);
        // The client's own retries start after two seconds; ours are the caller's.
        const [answer] = await client.accessSecretVersion({ name: name.resource }, { timeout: timeoutMs, retry: null });
        return toText(answer.payload, name);
      } catch (error) {
        throw fromSecretManagerError(error, name);
      }
    },
    async close() {
      const opened = [...clients.values()];
      clients.clear();
      await Promise.allSettled(opened.map(async (client) => (await client).close()));
    },
  };
}

async function open(
  location: string | undefined,
  options: SecretManagerClientOptions,
): Promise<SecretManagerServiceClient> {
  // A CommonJS package: once bundled, only its default export is sure to be there.
  const { default: library } = await import('@google-cloud/secret-manager');
  const client = new library.SecretManagerServiceClient({
    // Names hold their project; without one here, the library runs gcloud and asks the metadata server to find it.
    projectId: 'not-needed',
    ...(location === undefined ? {} : { apiEndpoint: `secretmanager.${location}.rep.googleapis.com` }),
    ...options,
  });
  // Looks for credentials, and the client would keep a failure for good.
  await client.initialize();
  return client;
}

type Payload = protos.google.cloud.secretmanager.v1.ISecretPayload;

function toText(payload: Payload | null | undefined, name: SecretName): string {
  const { data, dataCrc32c } = payload ?? {};
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : (data ?? new Uint8Array());
  // Versions from before the API had checksums come without one.
  if (dataCrc32c !== undefined && dataCrc32c !== null && String(dataCrc32c) !== String(crc32c(bytes))) {
    throw new AppError('server_error', 'A secret arrived damaged: its checksum does not match.', { retryable: true });
  }
  const text = decode(bytes, name).replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new AppError(
    'configuration',
    `${describe(name)} is empty. Add a version that holds the key: ` +
      `\`gcloud secrets versions add ${name.secret} --project=${name.project} --data-file=-\`.`,
  );
}

function decode(bytes: Uint8Array, name: SecretName): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Without the cause: its text may quote bytes of the secret.
    throw new AppError('configuration', `${describe(name)} is not UTF-8 text. Store the key itself, as text.`);
  }
}

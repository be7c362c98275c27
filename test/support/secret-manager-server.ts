import { protos } from '@google-cloud/secret-manager';
import { credentials, Server, ServerCredentials, type ServiceDefinition, type sendUnaryData } from '@grpc/grpc-js';
import { crc32c } from '../../shared/secrets/crc32c.ts';
import type { SecretManagerClientOptions } from '../../shared/secrets/secret-manager-client.ts';
import type { Gate } from './scripted-server.ts';

const { AccessSecretVersionRequest, AccessSecretVersionResponse } = protos.google.cloud.secretmanager.v1;
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;

interface Version {
  readonly data: Uint8Array;
  /** What the answer says of the data; by default the truth. */
  readonly checksum?: number | undefined;
  disabled: boolean;
}

type Disturbance = { readonly status: number } | Gate;

export interface SecretManagerServer {
  /** What the real client is opened with to reach it. */
  readonly client: SecretManagerClientOptions;
  /** Names that were asked for, in order. */
  readonly calls: readonly string[];
  /** Adds a version to `projects/P[/locations/L]/secrets/NAME`, made when it is new, and gives its number. */
  add(secret: string, data: string | Uint8Array, options?: { readonly checksum?: number }): number;
  disable(secret: string, version: number): void;
  /** What becomes of the next requests, one each: a gRPC status, or a wait for the gate before the answer. */
  disturb(...disturbances: Disturbance[]): void;
  /** Every request ends in this status, until it is undefined again. */
  refuseAll(status: number | undefined): void;
  close(): Promise<void>;
}

/** Google Secret Manager's access call, over gRPC on 127.0.0.1, in this process. */
export async function createSecretManagerServer(): Promise<SecretManagerServer> {
  const secrets = new Map<string, Version[]>();
  const calls: string[] = [];
  const disturbances: Disturbance[] = [];
  let refusal: number | undefined;

  const find = (name: string): { readonly name: string; readonly version: Version } => {
    const [, secret = '', wanted = ''] = /^(.+)\/versions\/([^/]+)$/.exec(name) ?? [];
    const versions = secrets.get(secret) ?? [];
    const number = wanted === 'latest' ? versions.length : Number(wanted);
    const version = versions[number - 1];
    // The real one names the whole resource in its words.
    if (!version) throw toStatus(NOT_FOUND, `Secret [${name}] not found or has no versions.`);
    if (version.disabled) throw toStatus(FAILED_PRECONDITION, `Secret Version [${name}] is in DISABLED state.`);
    return { name: `${secret}/versions/${number}`, version };
  };

  const access = async (name: string): Promise<Message> => {
    calls.push(name);
    const disturbance = disturbances.shift();
    if (disturbance && 'opened' in disturbance) await disturbance.opened;
    else if (disturbance) throw toStatus(disturbance.status, 'disturbed');
    if (refusal !== undefined) throw toStatus(refusal, `refused for '${name}'`);
    const { name: found, version } = find(name);
    const { data, checksum = crc32c(data) } = version;
    return AccessSecretVersionResponse.create({ name: found, payload: { data, dataCrc32c: checksum } });
  };

  // Without it the client looks for a metadata server to ask about its universe, and waits.
  process.env.METADATA_SERVER_DETECTION = 'none';
  const server = new Server();
  server.addService(SERVICE, {
    accessSecretVersion({ request }: { request: { name: string } }, callback: sendUnaryData<Message>) {
      access(request.name).then(
        (answer) => callback(null, answer),
        (error: unknown) => callback(error as { code: number }),
      );
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });

  return {
    client: { apiEndpoint: '127.0.0.1', port, sslCreds: credentials.createInsecure() },
    calls,
    add(secret, data, { checksum } = {}) {
      const versions = secrets.get(secret) ?? [];
      secrets.set(secret, versions);
      return versions.push({ data: typeof data === 'string' ? Buffer.from(data) : data, checksum, disabled: false });
    },
    disable(secret, version) {
      const found = secrets.get(secret)?.[version - 1];
      if (!found) throw new Error(`There is no version ${version} of ${secret}.`);
      found.disabled = true;
    },
    disturb: (...next) => void disturbances.push(...next),
    refuseAll(status) {
      refusal = status;
    },
    close: async () => server.forceShutdown(),
  };
}

type Message = InstanceType<typeof AccessSecretVersionResponse>;

/** The messages are the client's own. */
const SERVICE: ServiceDefinition = {
  accessSecretVersion: {
    path: '/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion',
    requestStream: false,
    responseStream: false,
    requestSerialize: (request: protos.google.cloud.secretmanager.v1.IAccessSecretVersionRequest) =>
      Buffer.from(AccessSecretVersionRequest.encode(request).finish()),
    requestDeserialize: (bytes: Buffer) => AccessSecretVersionRequest.decode(bytes),
    responseSerialize: (answer: Message) => Buffer.from(AccessSecretVersionResponse.encode(answer).finish()),
    responseDeserialize: (bytes: Buffer) => AccessSecretVersionResponse.decode(bytes),
  },
};

function toStatus(code: number, details: string): Error {
  return Object.assign(new Error(details), { code, details });
}

import { type Environment, readEnvironment } from '../../config/environment.ts';
import { parseConfig } from '../../config/parse.ts';
import type { SluiceConfig } from '../../config/types.ts';
import type { HttpFetch } from '../../contracts/http-fetch.ts';
import { createSecrets } from '../../secrets/create-secrets.ts';
import { createAccessTokenSource } from '../../security/access-token.ts';
import { createIdTokenSource } from '../../security/id-token.ts';
import { createTelemetry } from '../../telemetry/telemetry.ts';
import { type Backends, createBackends } from '../backends.ts';
import { type Credentials, createCredentials } from '../credentials.ts';
import { createOutgoing, type Outgoing } from '../outgoing.ts';

/** What every part of the library takes. */
export interface PartOptions {
  /** Default: the environment of the process. */
  readonly environment?: Environment;
  /** Takes the place of the guarded transport. */
  readonly fetch?: HttpFetch;
}

/** What parts are made of, each opened when it is first used. */
export interface Parts {
  readonly config: SluiceConfig;
  readonly backends: Backends;
  readonly credentials: Credentials;
  readonly outgoing: Outgoing;
  close(): Promise<void>;
}

/** The block of a configuration that an option object stands for, with the format's own names. */
type Block = Readonly<Record<string, unknown>>;

const LOCAL_AGENT = { name: 'default', role: 'assistant', provider: 'local', model: 'extractive' };

/**
 * The service's parts for a program: checked, normalised and guarded as its configuration is, and nothing else of it.
 * @param name of the function whose options these are, for messages.
 * @throws AppError `configuration` naming each option that is wrong.
 */
export function createParts(
  name: string,
  document: Block,
  { environment = readEnvironment(), fetch }: PartOptions,
): Parts {
  const whole = { auth: { mode: 'none' }, agents: [LOCAL_AGENT], ...document };
  // JSON is YAML. What comes from a program is meant as it is: nothing in it is a variable.
  const text = JSON.stringify(whole).replaceAll('${', () => '$${');
  const { config } = parseConfig(text, { environment, source: `the options of ${name}` });
  const telemetry = createTelemetry([]);
  const outgoing = createOutgoing({ production: config.production, telemetry, fetch });
  const secrets = createSecrets({ environment, projectId: config.project });
  const credentials = createCredentials({
    secrets,
    accessTokens: createAccessTokenSource(),
    idTokens: createIdTokenSource(),
  });
  const log = (): void => {};
  const backends = createBackends({ config, environment, credentials, outgoing, log, telemetry, now: Date.now });
  return {
    config,
    backends,
    credentials,
    outgoing,
    async close() {
      await Promise.all([backends.close(), secrets.close(), outgoing.close()]);
    },
  };
}

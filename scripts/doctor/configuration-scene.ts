import { type Backends, createBackends } from '../../shared/app/backends.ts';
import { type Credentials, createCredentials } from '../../shared/app/credentials.ts';
import { createOutgoing, type Outgoing } from '../../shared/app/outgoing.ts';
import type { Environment } from '../../shared/config/environment.ts';
import type { LoadedConfig, SluiceConfig } from '../../shared/config/types.ts';
import type { SecretSource } from '../../shared/contracts/secret-source.ts';
import { createSecrets } from '../../shared/secrets/create-secrets.ts';
import { createAccessTokenSource } from '../../shared/security/access-token.ts';
import { createIdTokenSource } from '../../shared/security/id-token.ts';
import { createTelemetry } from '../../shared/telemetry/telemetry.ts';
import { createCatalogue, type ModelCatalogue } from '../../shared/usage/catalogue.ts';

/** A configuration that could be loaded, and the parts it is made of, each opened when a check first uses it. */
export interface ConfigurationScene {
  readonly config: SluiceConfig;
  readonly choices: LoadedConfig['choices'];
  /** What commands call the configuration. */
  readonly file: string;
  readonly environment: Environment;
  readonly backends: Backends;
  readonly credentials: Credentials;
  readonly outgoing: Outgoing;
  readonly secrets: SecretSource;
  readonly catalogue: ModelCatalogue;
  /** Whether models may be called, which costs a fraction of a cent. */
  readonly call: boolean;
  close(): Promise<void>;
}

/** Opens nothing by itself. */
export function openConfigurationScene({
  loaded: { config, choices },
  file,
  environment,
  call,
}: {
  loaded: LoadedConfig;
  file: string;
  environment: Environment;
  call: boolean;
}): ConfigurationScene {
  // The doctor tells what it finds itself; lines of the service would stand between.
  const log = (): void => {};
  const telemetry = createTelemetry([]);
  const outgoing = createOutgoing({ production: config.production, telemetry });
  const secrets = createSecrets({ environment, projectId: config.project });
  const credentials = createCredentials({
    secrets,
    accessTokens: createAccessTokenSource(),
    idTokens: createIdTokenSource(),
  });
  const backends = createBackends({ config, environment, credentials, outgoing, log, telemetry, now: Date.now });
  return {
    config,
    choices,
    file,
    environment,
    backends,
    credentials,
    outgoing,
    secrets,
    catalogue: createCatalogue({ overrides: config.prices }),
    call,
    async close() {
      await Promise.allSettled([backends.close(), secrets.close(), outgoing.close()]);
    },
  };
}

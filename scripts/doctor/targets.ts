import { CREDENTIALS } from '../../shared/config/credentials.ts';
import type { ProviderName } from '../../shared/config/names.ts';
import type { LegConfig, SluiceConfig } from '../../shared/config/types.ts';
import { toVariableName } from '../../shared/secrets/environment-secrets.ts';
import type { Place } from './advice.ts';

/** The legs of all agents, each place and model once. */
export function listLegs({ agents }: SluiceConfig): readonly LegConfig[] {
  const byTarget = new Map(
    agents.flatMap(({ legs }) => legs).map((leg) => [[leg.provider, leg.model, leg.endpoint].join(' '), leg] as const),
  );
  return [...byTarget.values()];
}

/** What commands about a target need to name. */
export function namesOf(
  { provider, model, endpoint, apiKeys }: Pick<LegConfig, 'model' | 'endpoint' | 'apiKeys'> & { provider: string },
  file: string,
): Partial<Readonly<Record<Place, string>>> {
  const known = Object.hasOwn(CREDENTIALS, provider) ? CREDENTIALS[provider as ProviderName] : undefined;
  const named = apiKeys.flatMap((key) => ('secret' in key ? [key.secret.split('/').at(-1) ?? ''] : []))[0];
  const secret = named ?? known?.secret;
  const variable = secret === known?.secret ? known?.variables[0] : toVariableName(secret ?? '');
  return {
    PROVIDER: provider,
    MODEL: model,
    FILE: file,
    ...(endpoint === undefined ? {} : { URL: endpoint }),
    ...(secret === undefined ? {} : { SECRET: secret }),
    ...(variable === undefined ? {} : { VARIABLE: variable }),
  };
}

import { AppError } from '../contracts/app-error.ts';

/**
 * The only reader of `process.env`. Everything else is handed a snapshot, so that a test can state the environment it
 * runs in and a later change of the process cannot alter a configuration that is already in use.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A frozen copy of the process environment as it is now. */
export function readEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}

/** Whether the process runs on Cloud Run, which is what Cloud Functions run on (`K_SERVICE` is set there). */
export function isCloudRun(environment: Environment): boolean {
  return hasValue(environment.K_SERVICE);
}

/** Whether production rules hold: on Cloud Run, or with `NODE_ENV=production` anywhere. */
export function isProduction(environment: Environment): boolean {
  return isCloudRun(environment) || environment.NODE_ENV === 'production';
}

const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The least severe lines that are logged. @throws AppError `configuration` for any other word. */
export function logLevel(environment: Environment): LogLevel {
  const written = environment.SLUICE_LOG_LEVEL;
  if (!hasValue(written)) return 'INFO';
  const level = LOG_LEVELS.find((known) => known === written.toUpperCase());
  if (level === undefined) {
    throw new AppError('configuration', `SLUICE_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.`);
  }
  return level;
}

/**
 * Proxies before the service that each add an address to `x-forwarded-for`: what a deployment knows of itself, for a
 * configuration that does not say. @throws AppError `configuration` for what is no number from 0 to 10.
 */
export function forwardedHops(environment: Environment): number | undefined {
  const written = environment.SLUICE_FORWARDED_HOPS;
  if (!hasValue(written)) return undefined;
  if (!/^(?:\d|10)$/.test(written)) {
    throw new AppError('configuration', 'SLUICE_FORWARDED_HOPS must be a number from 0 to 10.');
  }
  return Number(written);
}

/** Names under which the Google Cloud project is known, the platform's own first. They stand in for each other. */
export const PROJECT_VARIABLES = ['GOOGLE_CLOUD_PROJECT', 'GCP_PROJECT_ID', 'GCLOUD_PROJECT'] as const;

/** The Google Cloud project of the environment, when one is set. */
export function projectId(environment: Environment): string | undefined {
  return firstSet(environment, PROJECT_VARIABLES)?.value;
}

/** The first of `names` that is set to something, with its name. An empty variable counts as unset. */
export function firstSet(
  environment: Environment,
  names: readonly string[],
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = environment[name];
    if (hasValue(value)) return { name, value };
  }
  return undefined;
}

function hasValue(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

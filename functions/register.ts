import { http } from '@google-cloud/functions-framework';
import { type App, createApp } from '../shared/app/create-app.ts';
import { readEnvironment } from '../shared/config/environment.ts';
import { loadConfig } from '../shared/config/load.ts';
import type { SluiceConfig } from '../shared/config/types.ts';
import { AppError } from '../shared/contracts/app-error.ts';
import { createBodyRoom } from '../shared/http/body-room.ts';
import { toCallerRequest } from '../shared/http/caller-request.ts';
import { type FrontDoorOptions, installFrontDoor } from '../shared/http/front-door.ts';
import { createHostCheck } from '../shared/http/host-check.ts';
import { createHttpFunction, type Handler } from '../shared/http/http-function.ts';
import type { Route } from '../shared/http/router.ts';
import { createLog, describeError, type Log } from '../shared/telemetry/log.ts';
import { healthRoutes } from './health-routes.ts';

export interface FunctionDefinition {
  /** Name under which the functions framework finds it. */
  readonly name: string;
  readonly routes: (app: App) => readonly Route<Handler>[];
  readonly maxBodyBytes: (limits: SluiceConfig['limits'], path: string) => number;
}

/**
 * Registers an HTTP function with the functions framework. The configuration is read before, so that a deployment with
 * a wrong one fails at once and says why; everything that costs a connection or an SDK waits for its first use.
 */
export async function registerHttp({ name, routes, maxBodyBytes }: FunctionDefinition): Promise<void> {
  const { app, config } = await startApp();
  const { onRefused, ...observation } = app.observation.http(name);
  const handle = createHttpFunction({ routes: [...healthRoutes(app, name), ...routes(app)], ...observation });
  installFrontDoor({
    maxBodyBytes: (path) => maxBodyBytes(config.limits, path),
    bodyRoom: createBodyRoom(config.limits.bodyBytesInFlight),
    admit: (request, response) => app.authenticate(toCallerRequest(request, response)),
    ...hostCheckOf(config),
    corsOrigins: config.auth.corsOrigins,
    onTerminate: () => app.close(),
    onRefused,
    handle,
  });
  surviveRejections(createLog());
  http(name, handle);
}

/** The service of this process, from its configuration. */
export async function startApp(): Promise<{ app: App; config: SluiceConfig }> {
  const environment = readEnvironment();
  const { config } = await loadConfig({
    environment,
    directory: import.meta.dirname,
    // A function opens no connection while it loads. `npm start` has looked for an Ollama and left its model's name
    // here.
    probe: async () => (environment.SLUICE_OLLAMA_MODEL ? [environment.SLUICE_OLLAMA_MODEL] : undefined),
  }).catch(exitWithProblems);
  try {
    return { app: createApp(config, { environment }), config };
  } catch (error) {
    return exitWithProblems(error);
  }
}

/**
 * Without authentication the `host` header is checked instead: any web page in a browser on this machine could
 * otherwise call the service under a name of its own that resolves to this address (DNS rebinding).
 */
export function hostCheckOf({ auth, production }: SluiceConfig): Pick<FrontDoorOptions, 'knowsHost'> {
  if (auth.mode !== 'none' || (production && auth.hosts.length === 0)) return {};
  const { HOST } = readEnvironment();
  return { knowsHost: createHostCheck([...auth.hosts, ...(HOST ? [HOST] : [])]) };
}

/**
 * A rejection that a library leaves unhandled would end the process, and with it every answer under way. The framework
 * catches those of its own handler chain, which is not used here (see `handle` of the front door).
 */
function surviveRejections(log: Log): void {
  process.on('unhandledRejection', (reason) => log('ERROR', 'unhandled rejection', { error: describeError(reason) }));
}

export function exitWithProblems(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  process.stderr.write(`${JSON.stringify({ severity: 'ERROR', message: error.message })}\n`);
  process.exit(1);
}

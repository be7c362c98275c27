import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { http } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { gatewayRoutes } from '../../functions/gateway/routes.ts';
import { healthRoutes } from '../../functions/health-routes.ts';
import { type App, type AppOptions, createApp } from '../../shared/app/create-app.ts';
import type { Environment } from '../../shared/config/environment.ts';
import { createDevelopmentConfig } from '../../shared/config/load.ts';
import { parseConfig } from '../../shared/config/parse.ts';
import { toCallerRequest } from '../../shared/http/caller-request.ts';
import { attachFrontDoor } from '../../shared/http/front-door.ts';
import { createHttpFunction } from '../../shared/http/http-function.ts';

export interface AppServer {
  readonly url: string;
  readonly app: App;
  /** Every line the app logged. */
  readonly logged: Record<string, unknown>[];
  close(): Promise<void>;
}

/** The gateway function under the real functions framework, in this process, on a free port of the loopback address. */
export async function startAppServer({
  yaml,
  environment = {},
  ...options
}: { readonly yaml?: string; readonly environment?: Environment } & Omit<
  AppOptions,
  'environment' | 'log'
> = {}): Promise<AppServer> {
  const { config } =
    yaml === undefined ? await createDevelopmentConfig({ environment }) : parseConfig(yaml, { environment });
  const logged: Record<string, unknown>[] = [];
  const app = createApp(config, {
    environment,
    log: (severity, message, fields = {}) => {
      // A line has no fields that are undefined.
      const known = Object.entries(fields).filter(([, value]) => value !== undefined);
      logged.push({ severity, message, ...Object.fromEntries(known) });
    },
    ...options,
  });
  const name = `gateway-${randomUUID()}`;
  const { onRefused, ...observation } = app.observation.http('gateway');
  const handle = createHttpFunction({
    routes: [...healthRoutes(app, 'gateway'), ...gatewayRoutes(app)],
    ...observation,
  });
  http(name, handle);
  const server = getTestServer(name);
  attachFrontDoor(server, {
    maxBodyBytes: () => config.limits.ingestBodyBytes,
    admit: (request, response) => app.authenticate(toCallerRequest(request, response)),
    corsOrigins: config.auth.corsOrigins,
    onRefused,
    handle,
  });
  const url = await listen(server);
  return {
    url,
    app,
    logged,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await app.close();
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

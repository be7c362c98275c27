import type { App } from '../shared/app/create-app.ts';
import type { Handler } from '../shared/http/http-function.ts';
import type { Route } from '../shared/http/router.ts';
import { PROMETHEUS_CONTENT_TYPE } from '../shared/telemetry/prometheus-text.ts';

/**
 * Every function answers these: `/health` touches nothing, `/ready` asks what the function depends on, `/metrics` is what
 * this instance has counted.
 */
export function healthRoutes(app: App, name: string): readonly Route<Handler>[] {
  return [
    { method: 'GET', path: '/health', handler: () => ({ json: { status: 'ok' } }) },
    {
      method: 'GET',
      path: '/ready',
      handler: async () => {
        const problems = await (await app.readiness.get())(name);
        return problems.length === 0
          ? { json: { status: 'ready' } }
          : { status: 503, json: { status: 'not_ready', problems } };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      handler: async (context) => ({
        text: await (await app.metrics.get()).read({
          authorization: context.header('authorization'),
          authenticate: () => app.authenticate(context),
        }),
        contentType: PROMETHEUS_CONTENT_TYPE,
      }),
    },
  ];
}

import type { App } from '../../shared/app/create-app.ts';
import { createLazy } from '../../shared/app/lazy.ts';
import type { Handler } from '../../shared/http/http-function.ts';
import { readQuery } from '../../shared/http/query.ts';
import type { Route } from '../../shared/http/router.ts';
import { chatRoutes } from '../chat/routes.ts';
import { embedRoutes } from '../embed/routes.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { searchRoutes } from '../search/routes.ts';
import { pageRoutes } from './page.ts';

/** The four functions behind one URL, and the page where it is switched on. */
export function gatewayRoutes(app: App): readonly Route<Handler>[] {
  /** As text, made when it is first asked for. */
  const openApi = createLazy(async () => (await import('../../shared/http/openapi/serve.ts')).openApiText());
  const routes: readonly Route<Handler>[] = [
    ...chatRoutes(app),
    ...embedRoutes(app),
    ...ingestRoutes(app),
    ...searchRoutes(app),
    {
      method: 'GET',
      path: '/v1/usage',
      // Of no function: what a key may see of it, the service decides.
      handler: async (context) => {
        const caller = await app.authenticate(context);
        const { days = null, tenant = null } = readQuery(context.query, ['days', 'tenant']);
        const usage = await app.usage.get();
        return { json: await usage.report({ caller, days, tenant }) };
      },
    },
    { method: 'GET', path: '/openapi.json', handler: async () => ({ json: await openApi.get() }) },
  ];
  const listRoutes: Handler = () => ({
    json: { name: 'sluice', routes: routes.map(({ method, path }) => `${method} ${path.replace(/\*$/, '')}`) },
  });
  return [
    ...routes,
    ...(app.config.playground
      ? pageRoutes({ otherwise: listRoutes })
      : [{ method: 'GET', path: '/', handler: listRoutes } as const]),
  ];
}

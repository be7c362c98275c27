import type { App } from '../../shared/app/create-app.ts';
import type { Handler } from '../../shared/http/define-handler.ts';
import type { Route } from '../../shared/http/router.ts';
import { chatRoutes } from '../chat/routes.ts';
import { embedRoutes } from '../embed/routes.ts';
import { ingestRoutes } from '../ingest/routes.ts';
import { searchRoutes } from '../search/routes.ts';

/** The four functions behind one URL. */
export function gatewayRoutes(app: App): readonly Route<Handler>[] {
  const routes: readonly Route<Handler>[] = [
    ...chatRoutes(app),
    ...embedRoutes(app),
    ...ingestRoutes(app),
    ...searchRoutes(app),
    {
      method: 'GET',
      path: '/v1/usage',
      // Of no function: what a key may see of it, the service decides.
      handler: async (context) => ({
        json: await app.usage.report({ caller: await app.authenticate(context), days: context.query.get('days') }),
      }),
    },
  ];
  return [
    ...routes,
    {
      method: 'GET',
      path: '/',
      handler: () => ({
        json: { name: 'sluice', routes: routes.map(({ method, path }) => `${method} ${path.replace(/\*$/, '')}`) },
      }),
    },
  ];
}

import type { App } from '../../shared/app/create-app.ts';
import { createLazy } from '../../shared/app/lazy.ts';
import type { Handler } from '../../shared/http/http-function.ts';
import { readQuery } from '../../shared/http/query.ts';
import type { Route } from '../../shared/http/router.ts';
import { parseRequest } from '../../shared/http/validation.ts';

export function searchRoutes(app: App): readonly Route<Handler>[] {
  // Loaded with the first request.
  const schemas = createLazy(() => import('../../shared/http/schemas/search-schema.ts'));
  const names = createLazy(() => import('../../shared/http/schemas/common-schema.ts'));
  return [
    {
      method: 'POST',
      path: '/v1/search',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'search');
        readQuery(context.query, []);
        const { searchSchema } = await schemas.get();
        const body = parseRequest(searchSchema, context.readJson(app.config.limits.searchBodyBytes));
        const search = await app.search.get();
        return { json: await search.search({ body, caller, signal: context.signal, facts: context.call.facts }) };
      },
    },
    {
      method: 'POST',
      path: '/v1/vector_stores/:collection/search',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'search');
        const { vectorStoreSearchSchema } = await schemas.get();
        const { placeSchema } = await names.get();
        const body = parseRequest(vectorStoreSearchSchema, context.readJson(app.config.limits.searchBodyBytes));
        const { collection } = parseRequest(placeSchema, context.params);
        const search = await app.search.get();
        const { signal, call } = context;
        const json = await search.vectorStoreSearch({ collection, body, caller, signal, facts: call.facts });
        // The query is searched for as it is, which finds much the same.
        return { json, ...(body.rewrite_query ? { headers: { 'x-sluice-dropped-params': 'rewrite_query' } } : {}) };
      },
    },
  ];
}

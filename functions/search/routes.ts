import type { App } from '../../shared/app/create-app.ts';
import type { Handler } from '../../shared/http/define-handler.ts';
import type { Route } from '../../shared/http/router.ts';
import { collectionSchema } from '../../shared/http/schemas/common-schema.ts';
import { searchSchema, vectorStoreSearchSchema } from '../../shared/http/schemas/search-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';

export function searchRoutes(app: App): readonly Route<Handler>[] {
  return [
    {
      method: 'POST',
      path: '/v1/search',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'search');
        const body = parseRequest(searchSchema, context.readJson(app.config.limits.searchBodyBytes));
        return { json: await app.search.search({ body, caller, signal: context.signal, facts: context.call.facts }) };
      },
    },
    {
      method: 'POST',
      path: '/v1/vector_stores/:collection/search',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'search');
        const body = parseRequest(vectorStoreSearchSchema, context.readJson(app.config.limits.searchBodyBytes));
        const collection = parseRequest(collectionSchema, context.params.collection);
        return {
          json: await app.search.vectorStoreSearch({
            collection,
            body,
            caller,
            signal: context.signal,
            facts: context.call.facts,
          }),
        };
      },
    },
  ];
}

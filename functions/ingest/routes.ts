import type { App } from '../../shared/app/create-app.ts';
import type { Handler, RequestContext } from '../../shared/http/define-handler.ts';
import type { Route } from '../../shared/http/router.ts';
import { collectionSchema, tenantSchema } from '../../shared/http/schemas/common-schema.ts';
import { documentsSchema } from '../../shared/http/schemas/documents-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';

export function ingestRoutes(app: App): readonly Route<Handler>[] {
  return [
    {
      method: 'POST',
      path: '/v1/documents',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'ingest');
        const body = parseRequest(documentsSchema, context.readJson(app.config.limits.ingestBodyBytes));
        const list = await app.documents.ingest({ body, caller, signal: context.signal, facts: context.call.facts });
        return { status: list.data.some(({ status }) => status === 'failed') ? 207 : 200, json: list };
      },
    },
    {
      method: 'POST',
      path: '/v1/documents/:id/retry',
      handler: async (context) => {
        const result = await app.documents.retry({ ...(await target(app, context)), facts: context.call.facts });
        return { status: result.status === 'failed' ? 207 : 200, json: result };
      },
    },
    {
      method: 'GET',
      path: '/v1/documents/:id*',
      handler: async (context) => ({ json: await app.documents.status(await target(app, context)) }),
    },
    {
      method: 'DELETE',
      path: '/v1/documents/:id*',
      handler: async (context) => ({ json: await app.documents.remove(await target(app, context)) }),
    },
  ];
}

/** The document a path names; its collection and tenant, where not the defaults, come as query parameters. */
async function target(app: App, context: RequestContext) {
  const caller = await app.authenticate(context, 'ingest');
  const collection = context.query.get('collection');
  const tenant = context.query.get('tenant');
  return {
    id: context.params.id ?? '',
    caller,
    signal: context.signal,
    ...(collection === null ? {} : { collection: parseRequest(collectionSchema, collection) }),
    ...(tenant === null ? {} : { tenant: parseRequest(tenantSchema, tenant) }),
  };
}

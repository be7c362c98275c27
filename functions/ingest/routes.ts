import type { App } from '../../shared/app/create-app.ts';
import type { DocumentResult } from '../../shared/app/documents/documents-service.ts';
import { createLazy } from '../../shared/app/lazy.ts';
import { defined } from '../../shared/config/objects.ts';
import type { Handler, RequestContext } from '../../shared/http/http-function.ts';
import { readQuery } from '../../shared/http/query.ts';
import type { Route } from '../../shared/http/router.ts';
import { parseRequest } from '../../shared/http/validation.ts';

export function ingestRoutes(app: App): readonly Route<Handler>[] {
  // Loaded with the first request.
  const schema = createLazy(
    async () => (await import('../../shared/http/schemas/documents-schema.ts')).documentsSchema,
  );
  const names = createLazy(() => import('../../shared/http/schemas/common-schema.ts'));

  /** The document a path names; its collection and tenant, where not the defaults, come as query parameters. */
  const target = async (context: RequestContext) => {
    const caller = await app.authenticate(context, 'ingest');
    const { scopeSchema } = await names.get();
    const scope = parseRequest(scopeSchema, readQuery(context.query, ['collection', 'tenant']));
    return {
      id: context.params.id ?? '',
      caller,
      signal: context.signal,
      ...defined(scope),
    };
  };

  return [
    {
      method: 'POST',
      path: '/v1/documents',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'ingest');
        readQuery(context.query, []);
        const body = parseRequest(await schema.get(), context.readJson(app.config.limits.ingestBodyBytes));
        const documents = await app.documents.get();
        const list = await documents.ingest({ body, caller, signal: context.signal, facts: context.call.facts });
        return { ...outcomeOf(list.data), json: list };
      },
    },
    {
      method: 'POST',
      path: '/v1/documents/:id/retry',
      handler: async (context) => {
        const documents = await app.documents.get();
        const result = await documents.retry({ ...(await target(context)), facts: context.call.facts });
        return { ...outcomeOf([result]), json: result };
      },
    },
    {
      method: 'GET',
      path: '/v1/documents/:id*',
      handler: async (context) => ({ json: await (await app.documents.get()).status(await target(context)) }),
    },
    {
      method: 'DELETE',
      path: '/v1/documents/:id*',
      handler: async (context) => ({ json: await (await app.documents.get()).remove(await target(context)) }),
    },
  ];
}

/** 207 when something failed, and after how many seconds it is worth another attempt if that is known. */
function outcomeOf(results: readonly DocumentResult[]) {
  const failed = results.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return { status: 200 };
  const retryAfter = Math.max(0, ...failed.map(({ error }) => error?.retry_after ?? 0));
  return { status: 207, ...(retryAfter > 0 && { headers: { 'retry-after': String(retryAfter) } }) };
}

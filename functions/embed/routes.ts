import type { App } from '../../shared/app/create-app.ts';
import { createLazy } from '../../shared/app/lazy.ts';
import type { Handler } from '../../shared/http/http-function.ts';
import type { Route } from '../../shared/http/router.ts';
import { parseRequest } from '../../shared/http/validation.ts';

export function embedRoutes(app: App): readonly Route<Handler>[] {
  // Loaded with the first request.
  const schema = createLazy(
    async () => (await import('../../shared/http/schemas/embeddings-schema.ts')).embeddingsSchema,
  );
  return [
    {
      method: 'POST',
      path: '/v1/embeddings',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'embed');
        const body = parseRequest(await schema.get(), context.readJson(app.config.limits.embedBodyBytes));
        const embeddings = await app.embeddings.get();
        return {
          json: await embeddings.create({ body, caller, signal: context.signal, facts: context.call.facts }),
        };
      },
    },
  ];
}

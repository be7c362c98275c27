import { assertModelAllowed } from '../../shared/app/caller.ts';
import type { App } from '../../shared/app/create-app.ts';
import { createLazy, type Lazy } from '../../shared/app/lazy.ts';
import { toMessagesErrorBody } from '../../shared/http/dialects/messages-error.ts';
import type { Handler, RequestContext } from '../../shared/http/http-function.ts';
import type { Route } from '../../shared/http/router.ts';
import type { Dialect } from './dialects/dialect.ts';

export function chatRoutes(app: App): readonly Route<Handler>[] {
  const readJson = (context: RequestContext): unknown => context.readJson(app.config.limits.chatBodyBytes);

  // A client speaks one dialect: the schemas and formats of each are loaded with its first request.
  const chatCompletions = createLazy(async () => (await import('./dialects/chat-completions.ts')).chatCompletions);
  const responses = createLazy(async () => (await import('./dialects/responses.ts')).responses);
  const anthropic = createLazy(() => import('./dialects/messages.ts'));
  const messages = createLazy(async () => (await anthropic.get()).messages);
  const completions = createLazy(async () => (await import('./dialects/completions.ts')).completions);

  const answer =
    (dialect: Lazy<Dialect>): Handler =>
    async (context) => {
      const caller = await app.authenticate(context, 'chat');
      const { signal, call, header } = context;
      const [chat, toChat] = await Promise.all([app.chat.get(), dialect.get()]);
      const input = { ...toChat(readJson(context)), caller, signal, call, header };
      return input.body.stream ? chat.stream(input) : await chat.complete(input);
    };

  return [
    { method: 'POST', path: '/v1/chat/completions', handler: answer(chatCompletions) },
    { method: 'POST', path: '/v1/responses', handler: answer(responses) },
    { method: 'POST', path: '/v1/messages', handler: answer(messages), toErrorBody: toMessagesErrorBody },
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      toErrorBody: toMessagesErrorBody,
      handler: async (context) => {
        const caller = await app.authenticate(context, 'chat');
        const { countTokens } = await anthropic.get();
        return { json: countTokens(readJson(context), (model) => assertModelAllowed(caller, model)) };
      },
    },
    { method: 'POST', path: '/v1/completions', handler: answer(completions) },
    {
      method: 'GET',
      path: '/v1/models',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'chat');
        return { json: (await app.models.get()).list(caller) };
      },
    },
    {
      method: 'GET',
      path: '/v1/models/:id*',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'chat');
        return { json: (await app.models.get()).get(caller, context.params.id ?? '') };
      },
    },
  ];
}

import { createChatCompletionsFormat } from '../../shared/app/chat-answer.ts';
import type { ChatInput } from '../../shared/app/chat-service.ts';
import type { App } from '../../shared/app/create-app.ts';
import type { Answer, Handler, RequestContext } from '../../shared/http/define-handler.ts';
import type { Route } from '../../shared/http/router.ts';
import { chatSchema } from '../../shared/http/schemas/chat-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';

/** The answer of a chat request in the dialect it came in, streamed or not. */
async function answerChat(
  app: App,
  { signal, requestId, facts }: RequestContext,
  request: Pick<ChatInput, 'body' | 'caller' | 'format'>,
): Promise<Answer> {
  const input = { ...request, signal, requestId, facts };
  return request.body.stream ? app.chat.stream(input) : await app.chat.complete(input);
}

export function chatRoutes(app: App): readonly Route<Handler>[] {
  return [
    {
      method: 'POST',
      path: '/v1/chat/completions',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'chat');
        const body = parseRequest(chatSchema, context.readJson(app.config.limits.chatBodyBytes));
        const format = createChatCompletionsFormat({ includeUsage: body.stream_options?.include_usage === true });
        return await answerChat(app, context, { body, caller, format });
      },
    },
    {
      method: 'GET',
      path: '/v1/models',
      handler: async (context) => ({ json: app.models.list(await app.authenticate(context, 'chat')) }),
    },
    {
      method: 'GET',
      path: '/v1/models/:id*',
      handler: async (context) => {
        const caller = await app.authenticate(context, 'chat');
        return { json: app.models.get(caller, context.params.id ?? '') };
      },
    },
  ];
}

import { assertModelAllowed } from '../../shared/app/caller.ts';
import type { ChatInput } from '../../shared/app/chat-service.ts';
import type { App } from '../../shared/app/create-app.ts';
import type { Handler, RequestContext } from '../../shared/http/define-handler.ts';
import { createChatCompletionsFormat } from '../../shared/http/dialects/chat-completions-format.ts';
import { createCompletionsFormat } from '../../shared/http/dialects/completions-format.ts';
import { toChatBody as fromCompletions } from '../../shared/http/dialects/completions-request.ts';
import { toTokenCount } from '../../shared/http/dialects/messages-count.ts';
import { toMessagesErrorBody } from '../../shared/http/dialects/messages-error.ts';
import { createMessagesFormat } from '../../shared/http/dialects/messages-format.ts';
import { toChatBody as fromMessages } from '../../shared/http/dialects/messages-request.ts';
import { createResponsesFormat } from '../../shared/http/dialects/responses-format.ts';
import { toChatBody as fromResponses } from '../../shared/http/dialects/responses-request.ts';
import type { Route } from '../../shared/http/router.ts';
import { chatSchema } from '../../shared/http/schemas/chat-schema.ts';
import { completionsSchema } from '../../shared/http/schemas/completions-schema.ts';
import { countTokensSchema, messagesSchema } from '../../shared/http/schemas/messages-schema.ts';
import { responsesSchema } from '../../shared/http/schemas/responses-schema.ts';
import { parseRequest } from '../../shared/http/validation.ts';

/** What a dialect makes of a request: the chat it stands for, and the form of the answer. */
type Dialect = (json: unknown) => Pick<ChatInput, 'body' | 'format'>;

const chatCompletions: Dialect = (json) => {
  const body = parseRequest(chatSchema, json);
  return { body, format: createChatCompletionsFormat({ includeUsage: body.stream_options?.include_usage === true }) };
};

const responses: Dialect = (json) => {
  const request = parseRequest(responsesSchema, json);
  return { body: fromResponses(request), format: createResponsesFormat(request) };
};

const messages: Dialect = (json) => {
  const request = parseRequest(messagesSchema, json);
  return { body: fromMessages(request), format: createMessagesFormat(request) };
};

const completions: Dialect = (json) => {
  const request = parseRequest(completionsSchema, json);
  return { body: fromCompletions(request), format: createCompletionsFormat(request) };
};

export function chatRoutes(app: App): readonly Route<Handler>[] {
  const readJson = (context: RequestContext): unknown => context.readJson(app.config.limits.chatBodyBytes);

  const answer =
    (dialect: Dialect): Handler =>
    async (context) => {
      const caller = await app.authenticate(context, 'chat');
      const { signal, call, header } = context;
      const input = { ...dialect(readJson(context)), caller, signal, call, header };
      return input.body.stream ? app.chat.stream(input) : await app.chat.complete(input);
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
        const request = parseRequest(countTokensSchema, readJson(context));
        assertModelAllowed(caller, request.model);
        return { json: toTokenCount(request) };
      },
    },
    { method: 'POST', path: '/v1/completions', handler: answer(completions) },
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

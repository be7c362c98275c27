import { AppError } from '../../contracts/app-error.ts';
import type { ChatCall, ChatMessage, ChatProvider, ChatResult } from '../../contracts/chat-provider.ts';
import { createSchemaCheck, type SchemaCheck } from './schema-check.ts';
import { sumUsage } from './sum-usage.ts';

const MAX_ATTEMPTS = 3;

/**
 * An answer that was asked for as JSON, checked here because vendors differ in how much they promise. The model is told
 * what is wrong and asked again, twice at most. Answers that ended early, called a tool or refused are passed as they
 * are: they are not what the format speaks about. A code fence around the whole answer is taken off. Streams are not
 * checked, their text has left already.
 *
 * @throws AppError `invalid_output` when no attempt gave what was asked for.
 */
export async function completeStructured(chat: ChatProvider, call: ChatCall): Promise<ChatResult> {
  const check = await formatCheck(call);
  if (!check) return await chat.complete(call);
  let messages: readonly ChatMessage[] = call.request.messages;
  let usage: Usage | undefined;
  let problem = '';
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const result = withoutFences(await chat.complete({ ...call, request: { ...call.request, messages } }));
    // Attempts that were thrown away have been paid for.
    usage = sumUsage([usage, result.completion.usage]);
    const found = findProblem(result, check);
    if (found === undefined) return attempt === 1 ? result : { completion: withUsage(result, usage) };
    problem = found.problem;
    messages = [...messages, { role: 'assistant', content: found.text }, { role: 'user', content: feedback(problem) }];
  }
  throw new AppError('invalid_output', `The model did not give valid JSON in ${MAX_ATTEMPTS} attempts: ${problem}.`, {
    ...(usage === undefined ? {} : { usage }),
  });
}

async function formatCheck({ request }: ChatCall): Promise<SchemaCheck | undefined> {
  const format = request.response_format;
  if (format?.type === 'json_object') {
    return (value) => (typeof value === 'object' && value !== null ? undefined : 'the answer is not an object');
  }
  if (format?.type !== 'json_schema') return undefined;
  const { schema } = format.json_schema;
  return schema === undefined ? () => undefined : await createSchemaCheck(schema);
}

const FENCED = /^\s*```(?:json)?[ \t]*\r?\n([\s\S]*?)\r?\n?```\s*$/i;

/** Models without a JSON mode of their own like to quote their JSON; asking again for that would be paid for. */
function withoutFences(result: ChatResult): ChatResult {
  const { completion } = result;
  if (!completion.choices.some(({ message }) => FENCED.test(message.content ?? ''))) return result;
  const choices = completion.choices.map((choice) => {
    const text = FENCED.exec(choice.message.content ?? '')?.[1];
    return text === undefined ? choice : { ...choice, message: { ...choice.message, content: text } };
  });
  return { completion: { ...completion, choices } };
}

function findProblem(
  { completion }: ChatResult,
  check: SchemaCheck,
): { readonly problem: string; readonly text: string } | undefined {
  for (const { message, finish_reason } of completion.choices) {
    if (finish_reason !== 'stop' || message.refusal || (message.tool_calls?.length ?? 0) > 0) continue;
    const text = message.content ?? '';
    const problem = problemOf(text, check);
    if (problem !== undefined) return { problem, text };
  }
  return undefined;
}

function problemOf(text: string, check: SchemaCheck): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the text is not JSON';
  }
  return check(value);
}

function feedback(problem: string): string {
  return `That was not what is needed: ${problem}. Answer again with the JSON alone, without any text around it.`;
}

type Usage = NonNullable<ChatResult['completion']['usage']>;

function withUsage({ completion }: ChatResult, usage: Usage | undefined): ChatResult['completion'] {
  return usage === undefined ? completion : { ...completion, usage };
}

import { text as readAll } from 'node:stream/consumers';
import type { ModelObject } from '../../shared/app/models-service.ts';
import { type ChatSettings, toBody } from './chat-settings.ts';
import { type Client, createClient } from './client.ts';
import {
  COMMON_HELP,
  COMMON_OPTIONS,
  type Command,
  CommandError,
  EXIT,
  parse,
  toInteger,
  toNumber,
  UsageError,
} from './command.ts';
import { converse } from './converse.ts';
import { describeNote, listCitations } from './describe-answer.ts';
import { streamAnswer } from './stream-answer.ts';
import { createPaint, plain, toJsonText } from './terminal.ts';

const HELP = `Usage: sluice chat [QUESTION…] [options]

On a terminal and without a question: a conversation. With a question, or with one on standard input, one answer.
\`-\` stands for standard input: sluice chat "Summarise this:" - < report.md

  -m, --model NAME     agent or provider/model; see sluice models. Default: the first agent
  -a, --agent NAME     the same
  -s, --system TEXT    what the model is told first
  -r, --retrieval      answer from what was ingested, and list the passages
  --collection NAME    where to look; with --retrieval
  -n, --top-k N        how many passages; with --retrieval
  --tenant NAME        whose documents and budget
  --max-tokens N       longest answer
  --temperature T      0 to 2
  --no-cache           a fresh answer
${COMMON_HELP}
Ctrl-C stops an answer; in a conversation it leaves the program running, Ctrl-D ends it.`;

export const chat: Command = {
  summary: 'ask a question, or hold a conversation',
  help: HELP,

  async run(args, context) {
    const { environment, terminal, signal } = context;
    const { values, positionals } = parse(args, {
      ...COMMON_OPTIONS,
      model: { type: 'string', short: 'm' },
      agent: { type: 'string', short: 'a' },
      system: { type: 'string', short: 's' },
      retrieval: { type: 'boolean', short: 'r', default: false },
      collection: { type: 'string' },
      'top-k': { type: 'string', short: 'n' },
      tenant: { type: 'string' },
      'max-tokens': { type: 'string' },
      temperature: { type: 'string' },
      'no-cache': { type: 'boolean', default: false },
    });
    if (values.model !== undefined && values.agent !== undefined) {
      throw new UsageError('Give --model or --agent, not both.');
    }
    const retrieval = values.retrieval || values.collection !== undefined || values['top-k'] !== undefined;
    const topK = toInteger('top-k', values['top-k'], { min: 1, max: 1000 });
    const maxTokens = toInteger('max-tokens', values['max-tokens'], { min: 1, max: 10_000_000 });
    const temperature = toNumber('temperature', values.temperature, { min: 0, max: 2 });
    const isConversation = positionals.length === 0 && terminal.input.isTTY && terminal.output.isTTY && !values.json;
    const question = isConversation ? '' : await readQuestion(positionals, terminal.input);

    const client = await createClient({ ...values, environment });
    const settings: ChatSettings = {
      model: values.model ?? values.agent ?? (await firstModel(client, signal)),
      system: values.system,
      retrieval,
      collection: values.collection,
      topK,
      tenant: values.tenant,
      maxTokens,
      temperature,
      cache: !values['no-cache'],
    };
    if (isConversation) return await converse(client, settings, context);

    const body = toBody(settings, [{ role: 'user', content: question }]);
    if (values.json) {
      const answer = await client.json('chat', { path: '/v1/chat/completions', body, signal });
      terminal.output.write(`${toJsonText(answer)}\n`);
      return EXIT.ok;
    }
    const onText = (piece: string): void => {
      terminal.output.write(plain(piece));
    };
    const answer = await streamAnswer(client, { body, signal, onText });
    terminal.output.write(answer.text.endsWith('\n') ? '' : '\n');
    const citations = listCitations(answer, createPaint(terminal.output, environment));
    if (settings.retrieval) terminal.output.write(`\n${citations}\n`);
    if (terminal.errors.isTTY) {
      terminal.errors.write(`${createPaint(terminal.errors, environment)('dim', describeNote(answer))}\n`);
    }
    return EXIT.ok;
  },
};

/** @throws UsageError when there is none. */
async function readQuestion(words: readonly string[], input: NodeJS.ReadStream): Promise<string> {
  const readsInput = words.includes('-') || (words.length === 0 && !input.isTTY);
  const given = words.filter((word) => word !== '-').join(' ');
  const question = [given, readsInput ? await readAll(input) : ''].map((part) => part.trim()).filter(Boolean);
  if (question.length === 0) throw new UsageError('Say what to ask: sluice chat "What is Sluice?"');
  return question.join('\n\n');
}

/** The name of the first model that the caller may ask, which is an agent. */
async function firstModel(client: Client, signal: AbortSignal): Promise<string> {
  const { data } = await client.json<{ readonly data: readonly ModelObject[] }>('chat', {
    method: 'GET',
    path: '/v1/models',
    signal,
  });
  const [first] = data;
  if (first === undefined || first.sluice.kind === 'embedding') {
    throw new CommandError('No model can be asked here. Add an agent to the configuration, or ask for a wider key.');
  }
  return first.id;
}

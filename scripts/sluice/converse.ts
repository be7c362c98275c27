import { createInterface, type Interface } from 'node:readline';
import { type ChatSettings, type Message, toBody } from './chat-settings.ts';
import type { Client } from './client.ts';
import { type CommandContext, CommandError, EXIT, type ExitCode } from './command.ts';
import { describeNote, listCitations } from './describe-answer.ts';
import { streamAnswer } from './stream-answer.ts';
import { createPaint, type Paint, plain } from './terminal.ts';

const COMMANDS = `/model NAME      ask another agent or model
/system TEXT     what the model is told first; without a text, nothing
/retrieval       answer from what was ingested, or no longer
/new             forget what was said
/help            this
Ctrl-C stops an answer, Ctrl-D or /exit ends.`;

/** What a line did: nothing more to do, or a question to ask. */
type Reading = { readonly done: true } | { readonly said: string } | { readonly question: string };

/** A conversation on a terminal, until its end is typed. An answer that fails or is stopped leaves it going. */
export async function converse(
  client: Client,
  settings: ChatSettings,
  { environment, terminal, signal }: CommandContext,
): Promise<ExitCode> {
  const { input, output } = terminal;
  const paint = createPaint(output, environment);
  const messages: Message[] = [];
  let answering: AbortController | undefined;
  const lines = createInterface({ input, output, prompt: paint(['bold', 'green'], '> '), historySize: 200 });
  const leave = (): void => lines.close();
  signal.addEventListener('abort', leave, { once: true });
  // On a terminal the key comes here and is no signal to the program.
  lines.on('SIGINT', () => {
    if (answering) answering.abort();
    else {
      output.write(`\n${paint('dim', 'Ctrl-D ends.')}\n`);
      clearLine(lines);
    }
  });
  output.write(`${paint('dim', `${settings.model} at ${client.urls.chat}. /help lists what else can be typed.`)}\n`);
  lines.prompt();
  for await (const line of lines) {
    const reading = read(line.trim(), settings, messages);
    if ('done' in reading) break;
    if ('said' in reading) output.write(reading.said === '' ? '' : `${paint('dim', reading.said)}\n`);
    else {
      answering = new AbortController();
      await answer(client, settings, { messages, question: reading.question, signal: answering.signal, output, paint });
      answering = undefined;
    }
    lines.prompt();
  }
  signal.removeEventListener('abort', leave);
  lines.close();
  output.write('\n');
  return EXIT.ok;
}

interface Turn {
  readonly messages: Message[];
  readonly question: string;
  readonly signal: AbortSignal;
  readonly output: NodeJS.WriteStream;
  readonly paint: Paint;
}

async function answer(
  client: Client,
  settings: ChatSettings,
  { messages, question, signal, output, paint }: Turn,
): Promise<void> {
  let said = '';
  const keep = (): void => {
    messages.push({ role: 'user', content: question }, { role: 'assistant', content: said });
  };
  try {
    const body = toBody(settings, [...messages, { role: 'user', content: question }]);
    const onText = (piece: string): void => {
      said += piece;
      output.write(plain(piece));
    };
    const answered = await streamAnswer(client, { body, signal, onText });
    keep();
    output.write(said.endsWith('\n') ? '' : '\n');
    if (settings.retrieval) output.write(`\n${listCitations(answered, paint)}\n`);
    output.write(`${paint('dim', describeNote(answered))}\n`);
  } catch (error) {
    if (!signal.aborted && !(error instanceof CommandError)) throw error;
    // What was said so far is known to both sides.
    if (signal.aborted && said !== '') keep();
    output.write(`\n${paint('yellow', signal.aborted ? 'Stopped.' : (error as Error).message)}\n`);
  }
}

function read(line: string, settings: ChatSettings, messages: Message[]): Reading {
  if (!line.startsWith('/')) return line === '' ? { said: '' } : { question: line };
  const [command = '', ...words] = line.split(/\s+/);
  const argument = words.join(' ');
  switch (command) {
    case '/exit':
    case '/quit':
      return { done: true };
    case '/model':
    case '/agent':
      if (argument === '') return { said: `Asking ${settings.model}. Another one: /model NAME` };
      settings.model = argument;
      return { said: `Asking ${argument} from now on.` };
    case '/system':
      settings.system = argument === '' ? undefined : argument;
      return { said: argument === '' ? 'The model is told nothing first.' : 'Told first from now on.' };
    case '/retrieval':
      settings.retrieval = !settings.retrieval;
      return {
        said: settings.retrieval ? 'Answers come from what was ingested.' : 'Answers come from the model alone.',
      };
    case '/new':
      messages.length = 0;
      return { said: 'Forgotten.' };
    default:
      return { said: command === '/help' ? COMMANDS : `There is no ${command}.\n${COMMANDS}` };
  }
}

/** What was typed goes, as in a shell. */
function clearLine(lines: Interface): void {
  lines.write(null, { ctrl: true, name: 'e' });
  lines.write(null, { ctrl: true, name: 'u' });
  lines.prompt();
}

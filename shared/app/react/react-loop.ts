import { AppError } from '../../contracts/app-error.ts';
import { type ChatBatch, type ChatChoice, eventsOf } from '../../contracts/chat-provider.ts';
import { type Conversation, createConversation } from './conversation.ts';
import { isJsonAnswer, joinTurns } from './join-turns.ts';
import { type OfferedTools, offerTools } from './offered-tools.ts';
import type { ReactLoop, ReactLoopOptions, ReactRun } from './react-types.ts';
import { createTurnWriter } from './turn-writer.ts';

/**
 * Model turns with tools between them, until a turn answers or the last allowed one is over. How a turn is made, and
 * what it costs, is the caller's business: `turn` is called once per turn, one after the other.
 *
 * @throws AppError `invalid_request` for a request whose tools clash with the agent's, or that asks for what several
 * turns cannot give; what `turn` throws; the signal's reason once it is aborted.
 */
export function createReactLoop({ tools, maxIterations, onRun, now }: ReactLoopOptions): ReactLoop {
  const begin = <Turn>({ request, signal }: ReactRun<Turn>) => {
    const offered = offerTools(request, tools);
    const conversation = createConversation({
      messages: request.messages,
      offered,
      maxIterations,
      signal,
      now: now ?? (() => performance.now()),
      ...(onRun === undefined ? {} : { onRun }),
    });
    return { offered, conversation };
  };

  return {
    async complete(run) {
      const { conversation } = begin(run);
      const choices: ChatChoice[] = [];
      let request = conversation.firstRequest;
      while (true) {
        const result = await run.turn(request, run.signal);
        const [choice] = result.completion.choices;
        if (!choice) throw new AppError('server_error', 'The provider answered without a choice.');
        choices.push(choice);
        const next = await conversation.advance(choice, result.completion.usage);
        if ('request' in next) {
          request = next.request;
          continue;
        }
        const report = conversation.report();
        const isAsItCame = choices.length === 1 && report.steps.length === 0;
        if (isAsItCame) return { result, report };
        const usage = conversation.usage();
        const completion = {
          ...result.completion,
          choices: [joinTurns(choices, next, isJsonAnswer(run.request))],
          ...(usage === undefined ? {} : { usage }),
        };
        return { result: { completion }, report };
      }
    },

    async stream(run) {
      const { offered, conversation } = begin(run);
      const first = await run.turn(conversation.firstRequest, run.signal);
      return { events: joinStreams(first, { ...run, offered, conversation }), report: conversation.report };
    },
  };
}

type Batches = AsyncIterable<ChatBatch>;

async function* joinStreams(
  first: Batches,
  {
    request,
    signal,
    turn,
    offered,
    conversation,
  }: ReactRun<Batches> & { readonly offered: OfferedTools; readonly conversation: Conversation },
): AsyncGenerator<ChatBatch> {
  const writer = createTurnWriter(offered, isJsonAnswer(request));
  let stream = first;
  while (true) {
    writer.beginTurn();
    for await (const batch of stream) {
      const events = eventsOf(batch).flatMap((event) => writer.push(event));
      if (events.length > 0) yield events;
    }
    const { choice, usage } = writer.endTurn();
    const next = await conversation.advance(choice, usage);
    if (!('request' in next)) {
      yield writer.finish(next.finish, conversation.usage());
      return;
    }
    stream = await turn(next.request, signal);
  }
}

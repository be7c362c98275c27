import type { Recording } from './recordings.ts';
import { askAsClient, type ClientAnswer } from './replay-client.ts';
import { compareAnswer, type WrongFields } from './replay-compare.ts';
import { startReplayGateway } from './replay-gateway.ts';
import { createReplayUpstream, type ReplayMode } from './replay-upstream.ts';

export interface Replay {
  readonly recording: Recording;
  readonly mode: ReplayMode;
}

export interface ReplayOutcome extends Replay {
  readonly answer: ClientAnswer;
  readonly wrong: WrongFields;
}

const CONCURRENCY = 8;

/** Every replay of the recordings: a stream three ways, anything else once. */
export function planReplays(
  recordings: readonly Recording[],
  modes: (recording: Recording, position: number) => readonly ReplayMode[] = () => ['whole', 'cut', 'bytes'],
): Replay[] {
  let streams = 0;
  return recordings.flatMap((recording) => {
    if (recording.response.sse === null) return [{ recording, mode: 'whole' as const }];
    streams += 1;
    return modes(recording, streams - 1).map((mode) => ({ recording, mode }));
  });
}

/** Asks a gateway for every replay, several at a time; the outcomes come in the order of the replays. */
export async function runReplays(
  replays: readonly Replay[],
  onProgress: (done: number) => void = () => {},
): Promise<ReplayOutcome[]> {
  const upstream = await createReplayUpstream();
  const gateway = await startReplayGateway(upstream.origin);
  const outcomes: ReplayOutcome[] = [];
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < replays.length) {
      const position = next;
      next += 1;
      const { recording, mode } = replays[position] as Replay;
      const { prompt, release } = upstream.serve(recording, mode);
      const stream = recording.response.sse !== null;
      const answer = await askAsClient({ url: gateway.url, agent: gateway.agentFor(recording), prompt, stream });
      release();
      outcomes[position] = { recording, mode, answer, wrong: compareAnswer(answer, recording.expect) };
      done += 1;
      onProgress(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  } finally {
    await gateway.close();
    await upstream.close();
  }
  return outcomes;
}

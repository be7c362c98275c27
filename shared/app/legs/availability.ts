import type { AppError } from '../../contracts/app-error.ts';
import type { ChatCall, ChatProvider } from '../../contracts/chat-provider.ts';

/** How long an answer holds: asked per request, the probe would cost more than it saves. */
const KEEP_MS = 10_000;
/** Endpoints come from the configuration, so there are few. */
const MOST_TARGETS = 1_000;

export type TargetCall = Omit<ChatCall, 'request' | 'model'>;

/** Why a target cannot be asked now, by its adapter's probe; undefined when it can, or when there is no probe. */
export type Availability = (target: string, chat: ChatProvider, call: TargetCall) => Promise<AppError | undefined>;

/** Remembers each target's answer for ten seconds, and asks once for all who want to know at the same time. */
export function createAvailability({
  now = () => performance.now(),
}: {
  readonly now?: () => number;
} = {}): Availability {
  const known = new Map<string, { readonly answer: Promise<AppError | undefined>; readonly untilMs: number }>();
  return (target, chat, call) => {
    if (!chat.whyUnavailable) return Promise.resolve(undefined);
    const kept = known.get(target);
    if (kept !== undefined && now() < kept.untilMs) return kept.answer;
    // Not under the caller's signal: the others who wait for the same answer have not gone away.
    const answer = chat.whyUnavailable({ ...call, signal: new AbortController().signal }).then((fault) =>
      // A token that is refused may be stale: the call itself renews it.
      fault?.code === 'authentication' ? undefined : fault,
    );
    if (known.size >= MOST_TARGETS) known.clear();
    known.set(target, { answer, untilMs: now() + KEEP_MS });
    return answer;
  };
}

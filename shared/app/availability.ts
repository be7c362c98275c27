import type { ChatCall, ChatProvider } from '../contracts/chat-provider.ts';

/** How long an answer holds: asked per request, the probe would cost more than it saves. */
const KEEP_MS = 10_000;
/** Endpoints come from the configuration, so there are few. */
const MOST_TARGETS = 1_000;

export type TargetCall = Omit<ChatCall, 'request' | 'model'>;

/** Whether a target answers at all, by its adapter's probe; true where there is none. */
export type Availability = (target: string, chat: ChatProvider, call: TargetCall) => Promise<boolean>;

/** Remembers each target's answer for ten seconds, and asks once for all who want to know at the same time. */
export function createAvailability({
  now = () => performance.now(),
}: {
  readonly now?: () => number;
} = {}): Availability {
  const known = new Map<string, { readonly answer: Promise<boolean>; readonly untilMs: number }>();
  return (target, chat, call) => {
    if (!chat.available) return Promise.resolve(true);
    const kept = known.get(target);
    if (kept !== undefined && now() < kept.untilMs) return kept.answer;
    // Not under the caller's signal: the others who wait for the same answer have not gone away.
    const answer = chat.available({ ...call, signal: new AbortController().signal }).catch(() => false);
    if (known.size >= MOST_TARGETS) known.clear();
    known.set(target, { answer, untilMs: now() + KEEP_MS });
    return answer;
  };
}

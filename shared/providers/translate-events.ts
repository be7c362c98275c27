import type { BatchItem } from '../contracts/chat-provider.ts';
import type { AnswerReader, AnswerTranslation } from './answer-stream.ts';
import type { EventReader, ServerSentEvent } from './event-reader.ts';
import { createTextRunReader, type TextPattern, type TextRunReader } from './text-run.ts';

/** A vendor's translation that tells how its events of text look, once it has seen one. */
export interface EventAnswerReader extends AnswerReader<ServerSentEvent> {
  /** Of the text event that was read last; undefined while there was none, or none that others will be like. */
  readonly pattern: TextPattern | undefined;
  /** Told of text that passed by without being given to `push`, in UTF-16 units. */
  passed?(textLength: number): void;
}

const LINE_FEED = 10;
/** Lines of a read that are read one by one, in the hope that a text event is among them; the others go all at once. */
const MOST_LINES = 16;
/** Of the beginning of an event that is kept for the next bytes: what grows beyond is left to the reader of lines. */
const MOST_KEPT_BYTES = 8 * 1024;

/**
 * Server-sent events, line by line until a text event has shown what the next ones will look like; from then on all that
 * look so pass as runs, and only the others are read.
 */
export function translateEvents(events: EventReader, answer: EventAnswerReader): AnswerTranslation {
  let pattern: TextPattern | undefined;
  let runs: TextRunReader | undefined;
  let kept: Buffer | undefined;
  let isBetweenEvents = true;

  const translate = (read: readonly ServerSentEvent[], into: BatchItem[]): void => {
    for (const event of read) {
      if (answer.done) return;
      into.push(...answer.push(event));
    }
  };

  const feed = (bytes: Buffer, into: BatchItem[]): void => {
    const read = events.push(bytes);
    isBetweenEvents = bytes[bytes.length - 1] === LINE_FEED && events.isBetweenEvents;
    translate(read, into);
  };

  /** @returns the end of what stands at `from`: a line, or all there is. */
  const findLineEnd = (bytes: Buffer, from: number): number => {
    const feedAt = bytes.indexOf(LINE_FEED, from);
    return feedAt === -1 ? bytes.length : feedAt + 1;
  };

  return {
    get complete() {
      return answer.complete;
    },
    get done() {
      return answer.done === true;
    },

    push(given, into) {
      const arrived = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
      const bytes = kept === undefined ? arrived : Buffer.concat([kept, arrived]);
      kept = undefined;
      let at = 0;
      let lines = 0;
      /** Where the event that is being read begins; undefined when that was in bytes of before. */
      let eventAt: number | undefined;
      while (at < bytes.length && !answer.done) {
        if (isBetweenEvents) {
          const found = runs?.read(bytes, at);
          if (found === 'partial' && bytes.length - at <= MOST_KEPT_BYTES) {
            kept = bytes.subarray(at);
            return;
          }
          if (typeof found === 'object') {
            into.push(found.run);
            answer.passed?.(found.run.textLength);
            at = found.end;
            lines = 0;
            continue;
          }
          eventAt = at;
        }
        lines += 1;
        const end = lines > MOST_LINES ? bytes.length : findLineEnd(bytes, at);
        feed(bytes.subarray(at, end), into);
        at = end;
        if (isBetweenEvents && eventAt !== undefined && answer.pattern !== pattern) {
          pattern = answer.pattern;
          runs = pattern && createTextRunReader(pattern, bytes.subarray(eventAt, at));
        }
      }
    },

    end(into) {
      if (!answer.done) {
        if (kept !== undefined) feed(kept, into);
        translate(events.end(), into);
      }
      into.push(...answer.end());
    },
  };
}

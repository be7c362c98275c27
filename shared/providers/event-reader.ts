import { StringDecoder } from 'node:string_decoder';
import { AppError } from '../contracts/app-error.ts';
import { createJsonObjectReader, type JsonObjectReader } from './json-object-reader.ts';

/** Longest single event accepted, in UTF-16 units: an upstream that never ends a line must not fill the memory. */
const MAX_EVENT_LENGTH = 10 * 1024 * 1024;

export interface ServerSentEvent {
  /** The `event:` field; empty when the event has none. */
  readonly event: string;
  readonly data: string;
}

export interface EventReader {
  /** Nothing of an event that has not ended is held. */
  readonly isBetweenEvents: boolean;
  /** All the events that this piece of the body completes. */
  push(bytes: Uint8Array): ServerSentEvent[];
  /** What is left when the body has ended: vendors leave out the last blank line. */
  end(): ServerSentEvent[];
}

/**
 * Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) from bytes cut anywhere,
 * inside a character too. Lines end in LF, CR or CRLF; comments, `id` and `retry` are passed over. Unlike a browser it
 * also delivers a last event that no blank line follows.
 *
 * A body that is JSON instead, because a proxy dropped what asks for events, is read as one event per object: the one it
 * is, or each of a list.
 */
export function createEventReader(): EventReader {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let event = '';
  let data: string | undefined;
  let started = false;
  let json: JsonObjectReader | undefined;
  let afterCarriageReturn = false;

  const dispatch = (into: ServerSentEvent[]): void => {
    if (data !== undefined) into.push({ event, data });
    event = '';
    data = undefined;
  };

  const readLine = (line: string, into: ServerSentEvent[]): void => {
    if (line.length === 0) {
      dispatch(into);
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') event = value;
    if (data !== undefined && data.length > MAX_EVENT_LENGTH) throw tooLong();
  };

  const read = (decoded: string): ServerSentEvent[] => {
    let text = decoded;
    if (!started) {
      // A byte order mark counts as blank; blank lines before the first event say nothing.
      text = text.trimStart();
      if (text === '') return [];
      started = true;
      if (/^[{[]/.test(text)) json = createJsonObjectReader(MAX_EVENT_LENGTH);
    }
    if (json) return json.push(text).map(toUnnamedEvent);
    const events: ServerSentEvent[] = [];
    // The LF of a CRLF that was cut in two belongs to the line that the CR has already ended.
    if (afterCarriageReturn && text.length > 0) {
      afterCarriageReturn = false;
      if (text.charCodeAt(0) === 10) text = text.slice(1);
    }
    // Without a line end there is nothing to read yet; not touching `rest` keeps a long line linear in its pieces.
    if (text.indexOf('\n') === -1 && text.indexOf('\r') === -1) {
      rest += text;
      if (rest.length > MAX_EVENT_LENGTH) throw tooLong();
      return events;
    }
    if (rest.length > 0) text = rest + text;
    let from = 0;
    let nextReturn = text.indexOf('\r');
    while (true) {
      const feed = text.indexOf('\n', from);
      if (nextReturn !== -1 && nextReturn < from) nextReturn = text.indexOf('\r', from);
      const isReturn = nextReturn !== -1 && (feed === -1 || nextReturn < feed);
      const at = isReturn ? nextReturn : feed;
      if (at === -1) break;
      readLine(text.slice(from, at), events);
      from = at + 1;
      if (isReturn) {
        if (from === text.length) afterCarriageReturn = true;
        else if (text.charCodeAt(from) === 10) from += 1;
      }
    }
    rest = text.slice(from);
    return events;
  };

  return {
    get isBetweenEvents() {
      return started && !json && !afterCarriageReturn && rest === '' && data === undefined && event === '';
    },
    push: (bytes) => read(decoder.write(bytes as Buffer)),
    end() {
      const events = read(decoder.end());
      if (json) return [...events, ...json.end().map(toUnnamedEvent)];
      if (rest.length > 0) readLine(rest, events);
      rest = '';
      dispatch(events);
      return events;
    },
  };
}

function toUnnamedEvent(data: string): ServerSentEvent {
  return { event: '', data };
}

function tooLong(): AppError {
  return new AppError('server_error', 'The upstream sent an event that is larger than 10 MB.', { retryable: false });
}

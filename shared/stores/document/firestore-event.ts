/**
 * Reads events of Firestore, in every form in which they are delivered. Only the name of the document is taken from
 * them: events come late, twice and in any order, so what the document says is read from the database.
 */

/** The document an event is about. */
export interface DocumentName {
  /** Undefined when the event does not tell. */
  readonly database?: string;
  /** Path below the database, e.g. `documents/a`. */
  readonly path: string;
}

export interface DocumentEvent {
  readonly id?: string;
  readonly type?: string;
  /** Milliseconds since the epoch. */
  readonly timeMs?: number;
  /** Undefined when the event names no document. */
  readonly document?: DocumentName;
}

type Fields = Readonly<Record<string, unknown>>;

const NAME = /^projects\/[^/]+\/databases\/([^/]+)\/documents\/(.+)$/su;

/** Fields of google.events.cloud.firestore.v1.DocumentEventData and google.firestore.v1.Document. */
const VALUE = 1;
const OLD_VALUE = 2;
const DOCUMENT_NAME = 1;

/**
 * The event in what the functions framework hands over: a CloudEvent with protobuf (raw, or in base64 as the emulator
 * sends it) or JSON data, a structured CloudEvent or a background event that is still text, or a Pub/Sub message around
 * an event whose document id no header can carry.
 */
export function readDocumentEvent(input: unknown): DocumentEvent {
  const event = toFields(input) ?? {};
  const wrapped = toFields(toFields(event.data)?.message) ?? toFields(event.message);
  if (wrapped !== undefined) return readMessage(wrapped, event);
  const context = toFields(event.context) ?? {};
  const document = nameInData(event.data ?? event.data_base64) ?? nameInSubject(event, context);
  const type = textOf(event.type) ?? textOf(context.eventType);
  const id = textOf(event.id) ?? textOf(context.eventId);
  const timeMs = Date.parse(textOf(event.time) ?? textOf(context.timestamp) ?? '');
  return {
    ...(id === undefined ? {} : { id }),
    ...(type === undefined ? {} : { type }),
    ...(Number.isNaN(timeMs) ? {} : { timeMs }),
    ...(document === undefined ? {} : { document }),
  };
}

/** An event inside a Pub/Sub message: its attributes are the message's, its data the message's data. */
function readMessage(message: Fields, around: Fields): DocumentEvent {
  const attributes = toFields(message.attributes) ?? {};
  const inner: Record<string, unknown> = {
    id: textOf(message.messageId) ?? around.id,
    time: textOf(message.publishTime) ?? around.time,
  };
  for (const [name, value] of Object.entries(attributes)) {
    if (name.toLowerCase().startsWith('ce-')) inner[name.slice(3).toLowerCase()] = value;
  }
  return readDocumentEvent({ ...inner, data: message.data });
}

function nameInData(data: unknown): DocumentName | undefined {
  const bytes = toBytes(data);
  if (bytes === undefined) return nameInJson(toFields(data));
  // Protobuf begins with the tag of one of its first fields; JSON and base64 are printable.
  const first = bytes[0] ?? 0;
  if (first === 0x7b) return nameInJson(toFields(bytes));
  if (first >= 0x2b) return nameInProtobuf(Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64'));
  return nameInProtobuf(bytes);
}

function nameInJson(data: Fields | undefined): DocumentName | undefined {
  for (const version of [data?.value, data?.oldValue, data?.old_value]) {
    const name = toName(textOf(toFields(version)?.name));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** `value` is the document as it was written, `old_value` all that is left of a deleted one. */
function nameInProtobuf(bytes: Uint8Array): DocumentName | undefined {
  try {
    for (const version of [VALUE, OLD_VALUE]) {
      const document = readField(bytes, version);
      const name = document && readField(document, DOCUMENT_NAME);
      const found = name && toName(new TextDecoder('utf-8', { fatal: true }).decode(name));
      if (found) return found;
    }
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
  }
  return undefined;
}

/**
 * A length-delimited field of a protobuf message (https://protobuf.dev/programming-guides/encoding/).
 * @throws RangeError for bytes that are no message.
 */
function readField(message: Uint8Array, wanted: number): Uint8Array | undefined {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = message[position];
      if (byte === undefined) break;
      position += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('a number that does not end');
  };
  while (position < message.length) {
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === 0) varint();
    else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    else if (wireType === 2) {
      const length = varint();
      const start = position;
      position += length;
      if (position > message.length) throw new RangeError('a field that is cut off');
      if (Math.floor(tag / 8) === wanted) return message.subarray(start, position);
    } else throw new RangeError('an unknown kind of field');
  }
  return undefined;
}

/** Headers cannot carry every id, so this is the last resort, for events without data. */
function nameInSubject(event: Fields, context: Fields): DocumentName | undefined {
  const { resource } = context;
  const name = toName(textOf(toFields(resource)?.name) ?? textOf(resource));
  if (name !== undefined) return name;
  const subject = textOf(event.subject);
  if (subject?.startsWith('documents/') !== true) return undefined;
  const database = textOf(event.database) ?? /\/databases\/([^/]+)$/.exec(textOf(event.source) ?? '')?.[1];
  return { ...(database === undefined ? {} : { database }), path: decoded(subject.slice('documents/'.length)) };
}

function toName(name: string | undefined): DocumentName | undefined {
  const [, database, path] = (name === undefined ? null : NAME.exec(name)) ?? [];
  return database === undefined || path === undefined ? undefined : { database, path };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toBytes(data: unknown): Uint8Array | undefined {
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof Uint8Array ? data : undefined;
}

/** An object, or the one that text or bytes hold as JSON. */
function toFields(value: unknown): Fields | undefined {
  const bytes = toBytes(value);
  if (bytes === undefined) return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  if (bytes[0] !== 0x7b) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Fields;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

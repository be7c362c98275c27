import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A call that went through. */
export interface FirestoreCall {
  /** `RunQuery`, `BatchWrite`, … */
  readonly method: string;
  /** The request is a nearest-neighbour query. */
  readonly isNearest: boolean;
  /** Documents in the answer, of queries. */
  documents: number;
}

/** Stands before a Firestore emulator and counts what it is asked, on the wire. */
export interface FirestoreProxy {
  /** `host:port`, as `FIRESTORE_EMULATOR_HOST` wants it. */
  readonly host: string;
  readonly calls: FirestoreCall[];
  /** Resolves when no call is under way: a client may have all it wants a moment before its call has ended. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const MESSAGE_PREFIX_BYTES = 5;
/** Field numbers of google.firestore.v1: RunQueryRequest, StructuredQuery, RunQueryResponse. */
const STRUCTURED_QUERY = 2;
const FIND_NEAREST = 9;
const DOCUMENT = 1;

export async function startFirestoreProxy(emulator: string): Promise<FirestoreProxy> {
  const calls: FirestoreCall[] = [];
  const underWay = new Set<Promise<unknown>>();
  const upstream = connect(`http://${emulator}`);
  const server = createServer();

  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    const ended = new Promise((resolve) => stream.once('close', resolve)).finally(() => underWay.delete(ended));
    underWay.add(ended);
    const onward = upstream.request({ ...headers, ':authority': emulator });
    const asked: Buffer[] = [];
    const answered: Buffer[] = [];
    let trailers: IncomingHttpHeaders = {};
    stream.on('data', (data: Buffer) => asked.push(data));
    stream.pipe(onward);
    onward.on('response', (response) => stream.respond(response, { waitForTrailers: true }));
    onward.on('trailers', (received) => {
      trailers = received;
    });
    onward.on('data', (data: Buffer) => answered.push(data));
    onward.pipe(stream);
    stream.on('wantTrailers', () => {
      calls.push(toCall(method, Buffer.concat(asked), Buffer.concat(answered)));
      stream.sendTrailers(trailers);
    });
    for (const end of [stream, onward]) end.on('error', () => end.close());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      upstream.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function toCall(method: string, request: Buffer, answer: Buffer): FirestoreCall {
  if (method !== 'RunQuery') return { method, isNearest: false, documents: 0 };
  const [message] = messagesIn(request);
  const query = message && fieldsOf(message).find(({ field }) => field === STRUCTURED_QUERY)?.value;
  return {
    method,
    isNearest: query !== undefined && fieldsOf(query).some(({ field }) => field === FIND_NEAREST),
    documents: messagesIn(answer).filter((part) => fieldsOf(part).some(({ field }) => field === DOCUMENT)).length,
  };
}

/** The messages of a gRPC body: a byte for the compression, four for the length, and the message. */
function messagesIn(body: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let start = 0; start + MESSAGE_PREFIX_BYTES <= body.length; ) {
    const length = body.readUInt32BE(start + 1);
    start += MESSAGE_PREFIX_BYTES;
    messages.push(body.subarray(start, start + length));
    start += length;
  }
  return messages;
}

/** The fields of a protobuf message (https://protobuf.dev/programming-guides/encoding/); only those with bytes have a value. */
function fieldsOf(message: Buffer): { readonly field: number; readonly value?: Buffer }[] {
  const fields: { field: number; value?: Buffer }[] = [];
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[position] ?? 0;
      position += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (position < message.length) {
    const tag = varint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) varint();
    else if (wireType === 1) position += 8;
    else if (wireType === 5) position += 4;
    if (wireType !== 2) {
      fields.push({ field });
      continue;
    }
    const length = varint();
    fields.push({ field, value: message.subarray(position, position + length) });
    position += length;
  }
  return fields;
}

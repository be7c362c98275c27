import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDocumentEvent } from '../../../../shared/stores/document/firestore-event.ts';

/** Events as Google's emulator sent them: `create`, `update`, `delete` of documents/plain, and one with an odd id. */
const recorded = JSON.parse(
  readFileSync(new URL('../../../fixtures/firestore-events/emulator.json', import.meta.url), 'utf8'),
) as Record<string, { readonly headers: Record<string, string>; readonly body: string }>;

const DATABASE = '(default)';
const name = (path: string) => `projects/demo-x/databases/(default)/documents/${path}`;

/** A binary CloudEvent as the functions framework hands it over: attributes from headers, the body as data. */
function toCloudEvent(key: string, data: unknown): Record<string, unknown> {
  const attributes = Object.entries(recorded[key]?.headers ?? {}).filter(([header]) => header.startsWith('ce-'));
  return { ...Object.fromEntries(attributes.map(([header, value]) => [header.slice(3), value])), data };
}

const bodyOf = (key: string) => recorded[key]?.body ?? '';

describe('an event of Firestore', () => {
  test.each([
    ['created', 'documents/plain'],
    ['updated', 'documents/plain'],
    ['deleted', 'documents/plain'],
    ['odd-id', 'documents/grüße %41 _x '],
  ])('as it was recorded, %s, names its document in protobuf, raw and in base64', (key, path) => {
    const raw = Buffer.from(bodyOf(key), 'base64');
    for (const data of [Buffer.from(bodyOf(key)), bodyOf(key), raw, new Uint8Array(raw)]) {
      expect(readDocumentEvent(toCloudEvent(key, data))).toEqual({
        id: recorded[key]?.headers['ce-id'],
        type: 'google.cloud.firestore.document.v1.written',
        timeMs: Date.parse(recorded[key]?.headers['ce-time'] ?? ''),
        document: { database: DATABASE, path },
      });
    }
  });

  const fields = { text: { stringValue: 'x' } };
  const json = { value: { name: name('documents/a'), fields }, oldValue: {}, updateMask: {} };

  test.each<[string, unknown]>([
    ['JSON data', { type: 't', data: json }],
    ['JSON data that is still bytes', { type: 't', data: Buffer.from(JSON.stringify(json)) }],
    ['JSON data of a deleted document', { type: 't', data: { value: {}, oldValue: { name: name('documents/a') } } }],
    ['a structured CloudEvent', { specversion: '1.0', type: 't', data: json }],
    ['a structured CloudEvent that is still bytes', Buffer.from(JSON.stringify({ type: 't', data: json }))],
    ['protobuf in a structured CloudEvent', { data_base64: bodyOf('created') }],
    ['a background event', { data: json, context: { eventId: 'e', eventType: 't' } }],
    ['a background event without data', { context: { resource: name('documents/a') } }],
    ['a background event that names its resource', { context: { resource: { name: name('documents/a') } } }],
    [
      'no data but a subject',
      { source: '//firestore.googleapis.com/projects/p/databases/(default)', subject: 'documents/documents/a' },
    ],
  ])('in %s names its document', (_title, event) => {
    const { document } = readDocumentEvent(event);
    expect(document?.database).toBe(DATABASE);
    expect(document?.path).toMatch(/^documents\/(a|plain)$/);
  });

  test('that no header could carry is read out of the Pub/Sub message around it', () => {
    const message = {
      messageId: '7',
      publishTime: '2030-01-01T00:00:00.000Z',
      data: bodyOf('odd-id'),
      attributes: {
        'ce-type': 'google.cloud.firestore.document.v1.written',
        'ce-id': 'inner',
        'Ce-Time': '2030-01-01T00:00:01Z',
      },
    };
    const expected = {
      id: 'inner',
      type: 'google.cloud.firestore.document.v1.written',
      timeMs: Date.parse('2030-01-01T00:00:01Z'),
      document: { database: DATABASE, path: 'documents/grüße %41 _x ' },
    };
    const pushed = { message, subscription: 'projects/p/subscriptions/s' };
    for (const event of [
      pushed,
      Buffer.from(JSON.stringify(pushed)),
      { id: 'outer', type: 'google.cloud.pubsub.topic.v1.messagePublished', data: { message } },
      { id: 'outer', type: 'google.cloud.pubsub.topic.v1.messagePublished', data: Buffer.from(JSON.stringify(pushed)) },
    ]) {
      expect(readDocumentEvent(event)).toEqual(expected);
    }
    const { attributes: _attributes, ...bare } = message;
    expect(readDocumentEvent({ message: bare })).toMatchObject({ id: '7', timeMs: Date.parse('2030-01-01') });
  });

  test.each([
    ['documents/documents/a%20b%C3%BC', 'documents/a bü'],
    ['documents/documents/100%', 'documents/100%'],
    ['documents/documents/a/versions/b', 'documents/a/versions/b'],
  ])('with nothing but the subject %s is about %s', (subject, path) => {
    expect(readDocumentEvent({ subject, database: 'rag' }).document).toEqual({ database: 'rag', path });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 7],
    ['an empty object', {}],
    ['bytes of nothing', { data: Buffer.alloc(0) }],
    ['protobuf without a name', { data: Buffer.from([0x1a, 0x00]) }],
    ['protobuf that is cut off', { data: Buffer.from(bodyOf('created'), 'base64').subarray(0, 40) }],
    ['text that is neither', { data: 'hello' }],
    ['JSON that is cut off', { data: '{"value":' }],
    ['the name of something else', { data: { value: { name: 'projects/p/databases/d' } } }],
    ['a subject of something else', { subject: 'objects/a' }],
  ])('of %s names no document', (_title, event) => {
    expect(readDocumentEvent(event).document).toBeUndefined();
  });

  test('of any bytes is read or not, but never breaks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
        expect(readDocumentEvent({ data })).toBeDefined();
      }),
    );
  });
});

import fc from 'fast-check';
import type { ApiOperation } from './api.ts';
import { type Schema, toValues } from './schema-values.ts';

/** A request that the document allows, or one that is wrong in a certain way. */
export interface FuzzRequest {
  readonly kind: 'valid' | 'mutated' | 'json' | 'bytes' | 'header';
  readonly method: string;
  /** As it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const JSON_HEADERS = { 'content-type': 'application/json' };

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  '',
  'x'.repeat(5_000),
  'a\u0000b',
  '\ud800',
  -1,
  1e308,
  2 ** 60,
  [],
  {},
  [[[[]]]],
  { $ref: '#' },
  '../../etc/passwd',
  'http://169.254.169.254/',
];
const ODD_NAMES = ['__proto__', 'constructor', 'api_key', 'base_url', 'toString', 'x', ''];
const ODD_HEADERS: readonly Readonly<Record<string, string>>[] = [
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { ...JSON_HEADERS, 'content-encoding': 'gzip' },
  { ...JSON_HEADERS, 'x-request-id': '{"a": 1}' },
  { ...JSON_HEADERS, 'x-forwarded-for': "1.1.1.1, ' OR 1=1" },
  { ...JSON_HEADERS, 'x-cloud-trace-context': '////;o=9' },
  { ...JSON_HEADERS, traceparent: '00-zz-zz-zz' },
  { ...JSON_HEADERS, authorization: 'Bearer ' },
  { ...JSON_HEADERS, 'x-http-method-override': 'DELETE' },
];

/** Requests for one operation. */
export function toRequests(operation: ApiOperation, resolve: (reference: string) => Schema): fc.Arbitrary<FuzzRequest> {
  const { method, body } = operation;
  const paths = toPaths(operation, resolve);
  const valid = body === undefined ? undefined : withHints(operation, toValues(body, resolve));
  const withBody = (kind: FuzzRequest['kind'], bodies: fc.Arbitrary<Buffer | undefined>, headers = JSON_HEADERS) =>
    fc.record({ path: paths, body: bodies }).map((parts) => ({ kind, method, headers, ...parts }));
  if (valid === undefined) {
    const plain = withBody('valid', fc.constant(undefined), {} as typeof JSON_HEADERS);
    const odd = fc
      .record({ path: fc.oneof(paths, toOddPaths(operation)), headers: fc.constantFrom(...ODD_HEADERS) })
      .map((parts) => ({ kind: 'header' as const, method, body: undefined, ...parts }));
    return fc.oneof(plain, odd);
  }
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  return fc.oneof(
    { weight: 5, arbitrary: withBody('valid', valid.map(toBytes)) },
    { weight: 4, arbitrary: withBody('mutated', toMutated(valid).map(toBytes)) },
    { weight: 1, arbitrary: withBody('json', fc.jsonValue().map(toBytes)) },
    { weight: 1, arbitrary: withBody('bytes', fc.oneof(bytes, toBroken(valid))) },
    {
      weight: 1,
      arbitrary: fc
        .record({
          path: fc.oneof(paths, toOddPaths(operation)),
          headers: fc.constantFrom(...ODD_HEADERS),
          body: valid.map(toBytes),
        })
        .map((parts) => ({ kind: 'header' as const, method, ...parts })),
    },
  );
}

/** What a schema cannot say: a document has exactly one of its contents, and some of the ids are ones that are there. */
function withHints({ id }: ApiOperation, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  if (id !== 'ingestDocuments') return values;
  const document = fc.record(
    {
      id: fc.constantFrom(...IDS),
      text: fc.string({ minLength: 1, maxLength: 60 }),
      title: fc.string({ maxLength: 9 }),
    },
    { requiredKeys: ['text'] },
  );
  return fc.oneof(values, document, fc.record({ documents: fc.array(document, { minLength: 1, maxLength: 3 }) }));
}

const IDS = ['doc-1', 'Ünïcode – 文字', 'a b'];

function toPaths({ path, params, query }: ApiOperation, resolve: (reference: string) => Schema): fc.Arbitrary<string> {
  const toParameter = (name: string, schema: Schema) =>
    name === 'id' ? fc.oneof(fc.constantFrom(...IDS, 'default'), toValues(schema, resolve)) : toValues(schema, resolve);
  const of = (schemas: Readonly<Record<string, Schema>>) =>
    fc.record(Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, toParameter(name, schema)])));
  return fc.record({ params: of(params), query: fc.option(of(query), { nil: {} }) }).map((values) => {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encode((values.params as Record<string, unknown>)[name]),
    );
    const search = Object.entries(values.query).map(([name, value]) => `${name}=${encode(value)}`);
    return search.length === 0 ? filled : `${filled}?${search.join('&')}`;
  });
}

/** Paths that no client should send: what is there besides is for the router and the stores to stand. */
function toOddPaths({ path }: ApiOperation): fc.Arbitrary<string> {
  const odd = fc.oneof(
    fc.constantFrom('..', '.', '%2e%2e', '%2F', '%00', '%zz', '%', 'a%2fb', '__x__', '%F0%9F%92%A9', 'a;b', '%5C', '*'),
    fc.webPath(),
  );
  const search = fc.constantFrom(
    '',
    '?',
    '?tenant=',
    '?tenant=%00&collection=..',
    '?days=1e9',
    '?a=%ff&a=2',
    '?__proto__=1',
  );
  return fc.tuple(odd, search).map(([part, tail]) => `${path.replace(/\{\w+\}/g, part || 'x')}${tail}`);
}

function encode(value: unknown): string {
  return encodeURIComponent(String(value).toWellFormed());
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value) ?? 'null');
}

/** A value with one thing changed somewhere in it. */
function toMutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.oneof(
    fc.record({
      what: fc.constant('replace' as const),
      value: fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue()),
    }),
    fc.record({
      what: fc.constant('add' as const),
      name: fc.constantFrom(...ODD_NAMES),
      value: fc.constantFrom(...ODD_VALUES),
    }),
    fc.record({ what: fc.constant('remove' as const) }),
    fc.record({ what: fc.constant('repeat' as const) }),
  );
  return fc.record({ value: values, where: fc.nat(), change }).map(({ value, where, change: made }) => {
    const copy = JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
    const places = placesOf(copy);
    const place = places[where % Math.max(1, places.length)];
    if (place === undefined) return made.what === 'replace' ? made.value : copy;
    const [holder, key] = place;
    if (made.what === 'replace') holder[key] = made.value;
    else if (made.what === 'remove') delete holder[key];
    else if (made.what === 'repeat') holder[key] = new Array(50).fill(holder[key]);
    else
      Object.defineProperty(holder, made.name, {
        value: made.value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    return copy;
  });
}

type Holder = Record<string, unknown>;

function placesOf(value: unknown): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => [
    [value as Holder, key] as [Holder, string],
    ...placesOf((value as Holder)[key]),
  ]);
}

/** Right bytes with one of them changed, or cut off. */
function toBroken(values: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> {
  return fc
    .record({ bytes: values.map(toBytes), at: fc.nat(), byte: fc.option(fc.integer({ min: 0, max: 255 })) })
    .map(({ bytes, at, byte }) => {
      const index = at % bytes.length;
      if (byte === null) return bytes.subarray(0, index);
      bytes[index] = byte;
      return bytes;
    });
}

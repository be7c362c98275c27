import type { DocumentData } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { DocumentScope, SourceDocument } from '../../contracts/document-store.ts';
import type { SourceReading } from '../../contracts/ingestion-journal.ts';
import type { Metadata } from '../../contracts/vector-store.ts';

/** What the HTTP surface takes for names of collections and tenants. */
const COLLECTION = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const TENANT = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/;

/**
 * A document as its fields say. Users write these by hand, so a field of the wrong type is named instead of passed on.
 *
 * @param textField dotted path of the field that holds the text.
 * @throws AppError `invalid_request`.
 */
export function toSourceDocument(id: string, data: DocumentData, textField: string): SourceDocument {
  const body = textField.split('.').reduce<unknown>((value, name) => (isMap(value) ? value[name] : undefined), data);
  if (typeof body !== 'string') {
    throw invalid(textField, `A document needs its content as a string in the field "${textField}".`);
  }
  const contentType = textOf(data, 'contentType');
  const title = textOf(data, 'title');
  const source = textOf(data, 'source');
  const collection = textOf(data, 'collection', COLLECTION);
  const metadata = toMetadata(data.metadata);
  return {
    id,
    text: body,
    tenant: textOf(data, 'tenant', TENANT) ?? null,
    ...(contentType !== undefined && { contentType }),
    ...(title !== undefined && { title }),
    ...(source !== undefined && { source }),
    ...(metadata !== undefined && { metadata }),
    ...(collection !== undefined && { collection }),
  };
}

/** The fields of a document, its text where `toSourceDocument` looks for it. */
export function fromSourceDocument(document: Omit<SourceDocument, 'id'>, textField: string): DocumentData {
  const { text, ...fields } = document;
  const [field = textField, ...inner] = textField.split('.');
  const body = inner.reduceRight<unknown>((value, name) => ({ [name]: value }), text);
  return Object.fromEntries(Object.entries({ ...fields, [field]: body }).filter(([, value]) => value !== undefined));
}

/** As `toSourceDocument`; what is wrong is part of the reading, with as much of the scope as can be read. */
export function toSourceReading(id: string, data: DocumentData, textField: string): SourceReading {
  try {
    const document = toSourceDocument(id, data, textField);
    return { collection: document.collection ?? 'default', tenant: document.tenant ?? null, document };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { ...scopeOf(data), problem: error };
  }
}

function scopeOf(data: DocumentData): DocumentScope {
  const { collection, tenant } = data;
  return {
    collection: typeof collection === 'string' && COLLECTION.test(collection) ? collection : 'default',
    tenant: typeof tenant === 'string' && TENANT.test(tenant) ? tenant : null,
  };
}

function textOf(data: DocumentData, field: string, pattern?: RegExp): string | undefined {
  const value: unknown = data[field] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalid(field, `The field "${field}" of a document is a string.`);
  if (pattern === undefined || pattern.test(value)) return value;
  throw invalid(field, `The field "${field}" of a document is not a name that a ${field} can have.`);
}

/**
 * Metadata is flat, documents need not be: the values of a map in it are named after both, `author: {name}` becomes
 * `author_name`. Times become ISO 8601 text; what else metadata cannot hold is left for the vector store to refuse by name.
 */
function toMetadata(value: unknown): Metadata | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isMap(value)) throw invalid('metadata', 'The field "metadata" of a document is a map.');
  // What is flat already comes last, so that it wins over a map whose value would have the same name.
  const entries = flatten(value).sort((left, right) => right.depth - left.depth);
  return Object.fromEntries(entries.map(({ name, item }) => [name, item])) as Metadata;
}

interface FlatValue {
  readonly name: string;
  readonly item: unknown;
  readonly depth: number;
}

function flatten(map: Readonly<Record<string, unknown>>, prefix = '', depth = 0): FlatValue[] {
  return Object.entries(map).flatMap(([key, item]): FlatValue[] => {
    const name = `${prefix}${key}`;
    if (isTime(item)) return [{ name, item: item.toDate().toISOString(), depth }];
    return isMap(item) ? flatten(item, `${name}_`, depth + 1) : [{ name, item, depth }];
  });
}

export function isTime(value: unknown): value is { toDate(): Date } {
  return typeof value === 'object' && value !== null && 'toDate' in value;
}

/** A plain map, and none of the SDK's own values. */
function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function invalid(param: string, message: string): AppError {
  return new AppError('invalid_request', message, { param });
}

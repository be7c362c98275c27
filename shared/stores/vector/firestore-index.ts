import type { Filter } from '../../contracts/filter.ts';
import { listConditions } from './firestore-filter.ts';

export interface IndexNeed {
  /** Firestore collection (group) the query runs on. */
  readonly collectionGroup: string;
  readonly databaseId?: string | undefined;
  /** Top-level fields compared for equality, e.g. `tenant`. */
  readonly equalityFields?: readonly string[];
  readonly filter?: Filter | undefined;
  /** Present for a nearest-neighbour query. */
  readonly vector?: VectorField;
}

/** A field of the chunks that nearest-neighbour queries run on; each has an index of its own. */
export interface VectorField {
  readonly field: 'embedding' | 'lexical';
  readonly dimensions: number;
}

/** Length of the vectors that stand for the words of a chunk: Firestore's limit. The longer, the fewer words share a place. */
export const LEXICAL_DIMENSIONS = 2_048;

/** The vector fields of a store: what indexes have to be created for. */
export function listVectorFields({ dimensions, lexical }: { dimensions: number; lexical: boolean }): VectorField[] {
  const fields: VectorField[] = [{ field: 'embedding', dimensions }];
  if (lexical) fields.push({ field: 'lexical', dimensions: LEXICAL_DIMENSIONS });
  return fields;
}

/** The gcloud command that creates the index a query needs. */
export function indexCommand(need: IndexNeed): string {
  const parts = [
    'gcloud firestore indexes composite create',
    ...(need.databaseId === undefined ? [] : [`--database=${quote(need.databaseId)}`]),
    `--collection-group=${quote(need.collectionGroup)}`,
    '--query-scope=COLLECTION',
    ...fieldConfigs(need).map((config) => `--field-config=${quote(config)}`),
  ];
  if (need.vector !== undefined) {
    const { field, dimensions } = need.vector;
    parts.push(`--field-config=field-path=${field},vector-config='{"dimension":"${dimensions}","flat":{}}'`);
  }
  return parts.join(' ');
}

/** Equality first, then arrays, then ranges: the order in which Firestore can use the fields of one index. */
function fieldConfigs({ equalityFields = [], filter }: IndexNeed): string[] {
  const equal = new Set(equalityFields.map(ascending));
  const arrays = new Set<string>();
  const ranges = new Set<string>();
  for (const { type, key } of filter === undefined ? [] : listConditions(filter)) {
    const path = `metadata.${fieldName(key)}`;
    if (type === 'contains') arrays.add(`field-path=${path},array-config=CONTAINS`);
    else if (type === 'eq' || type === 'in') equal.add(ascending(path));
    else ranges.add(ascending(path));
  }
  return [...new Set([...equal, ...arrays, ...ranges])];
}

function ascending(path: string): string {
  return `field-path=${path},order=ASCENDING`;
}

function fieldName(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? key : `\`${key.replace(/[\\`]/g, '\\$&')}\``;
}

function quote(text: string): string {
  return /^[A-Za-z0-9_.,=/:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

import type { Firestore } from '@google-cloud/firestore';

/** What a query asked an index for. */
export interface RecordedQuery {
  readonly collection: string;
  /** Fields compared for equality, in the order of the code; of a filter over metadata only that there was one. */
  readonly equal: readonly string[];
  /** Fields compared in another way, or sorted by. */
  readonly other: readonly string[];
  /** Field of a nearest-neighbour query. */
  readonly vector?: string;
}

const EQUALITY: ReadonlySet<string> = new Set(['==', 'in']);

/** A Firestore without documents that remembers what it was asked. */
export function createRecordingFirestore(): { readonly client: Firestore; readonly queries: RecordedQuery[] } {
  const queries: RecordedQuery[] = [];

  const query = (asked: RecordedQuery): object => ({
    where(field: unknown, operator?: string) {
      if (typeof field !== 'string' || operator === undefined)
        return query({ ...asked, other: [...asked.other, 'filter'] });
      const list = EQUALITY.has(operator) ? 'equal' : 'other';
      return query({ ...asked, [list]: [...asked[list], field] });
    },
    orderBy: (field: string) => query({ ...asked, other: [...asked.other, field] }),
    select: () => query(asked),
    limit: () => query(asked),
    count: () => query(asked),
    findNearest: ({ vectorField }: { vectorField: string }) => query({ ...asked, vector: vectorField }),
    doc: () => ({ get: async () => ({ data: () => undefined, exists: false }) }),
    async get() {
      queries.push(asked);
      return { docs: [], size: 0, empty: true, data: () => ({ count: 0 }) };
    },
  });

  const client = { collection: (collection: string) => query({ collection, equal: [], other: [] }) };
  return { client: client as unknown as Firestore, queries };
}

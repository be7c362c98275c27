import type { Filter, FilterValue } from '../../contracts/filter.ts';
import type { Metadata, StoredChunk } from '../../contracts/vector-store.ts';
import { remember } from '../../resilience/recent-map.ts';
import { compileFilter } from './filter.ts';

/** Most fields of a block that are indexed at a time: those that were filtered by last. */
const MAX_FIELDS = 16;
/** Removed rows that a list may hold, beyond as many as it has live ones, before it is tidied without being read. */
const LEAST_GARBAGE = 64;

/** The rows that have one value in one field. */
interface Posting {
  /** Ascending and exact while `tidy`; else rows that are gone, moved or twice there may be among them. */
  rows: number[];
  /** How many rows have the value. */
  count: number;
  tidy: boolean;
}

/** Which rows have which values: made for a field when somebody first filters by it, and kept up from then on. */
export interface FieldIndex {
  add(row: number, metadata: Metadata): void;
  /** The row is no longer there, or it has other metadata, or it is about to be added under another number. */
  remove(metadata: Metadata): void;
  /**
   * Exactly the rows that match, each once and ascending, where values lead to them; undefined where all have to be
   * looked at.
   */
  rowsOf(filter: Filter): readonly number[] | undefined;
}

/** @param chunks the block's own, by row, which changes with it. */
export function createFieldIndex(chunks: readonly Pick<StoredChunk, 'metadata'>[]): FieldIndex {
  const fields = new Map<string, Map<FilterValue, Posting>>();

  const tidy = (posting: Posting, key: string, value: FilterValue): void => {
    const isThere = (row: number): boolean => {
      const chunk = chunks[row];
      return chunk !== undefined && scalarOf(chunk.metadata, key) === value;
    };
    posting.rows = inOrder([posting.rows]).filter(isThere);
    posting.tidy = true;
  };

  const addTo = (postings: Map<FilterValue, Posting>, value: FilterValue, row: number): void => {
    const posting = postings.get(value);
    if (posting === undefined) {
      postings.set(value, { rows: [row], count: 1, tidy: true });
      return;
    }
    if (posting.tidy && row <= (posting.rows.at(-1) ?? -1)) posting.tidy = false;
    posting.rows.push(row);
    posting.count += 1;
  };

  const fieldOf = (key: string): Map<FilterValue, Posting> => {
    let postings = fields.get(key);
    if (postings === undefined) {
      postings = new Map();
      for (let row = 0; row < chunks.length; row += 1) {
        const value = scalarOf((chunks[row] as StoredChunk).metadata, key);
        if (value !== undefined) addTo(postings, value, row);
      }
    }
    remember(fields, key, postings, { max: MAX_FIELDS });
    return postings;
  };

  const rowsWith = (key: string, value: FilterValue): readonly number[] => {
    const posting = fieldOf(key).get(value);
    if (posting === undefined) return [];
    if (!posting.tidy) tidy(posting, key, value);
    return posting.rows;
  };

  const rowsOf = (filter: Filter): readonly number[] | undefined => {
    switch (filter.type) {
      case 'eq':
        return rowsWith(filter.key, filter.value);
      case 'in':
        // A field has one value, so no row is found under two.
        return inOrder([...new Set(filter.value)].map((value) => rowsWith(filter.key, value)));
      case 'or': {
        const parts = filter.filters.map(rowsOf);
        const known = parts.filter((rows) => rows !== undefined);
        return known.length < parts.length ? undefined : inOrder(known);
      }
      case 'and': {
        const fewest = filter.filters
          .map((part) => ({ part, rows: rowsOf(part) }))
          .reduce((best, next) => ((next.rows?.length ?? Infinity) < (best.rows?.length ?? Infinity) ? next : best));
        const others = filter.filters.filter((part) => part !== fewest.part).map(compileFilter);
        return fewest.rows?.filter((row) => {
          const { metadata } = chunks[row] as StoredChunk;
          return others.every((matches) => matches(metadata));
        });
      }
      default:
        return undefined;
    }
  };

  return {
    add(row, metadata) {
      for (const [key, postings] of fields) {
        const value = scalarOf(metadata, key);
        if (value !== undefined) addTo(postings, value, row);
      }
    },
    remove(metadata) {
      for (const [key, postings] of fields) {
        const value = scalarOf(metadata, key);
        const posting = value === undefined ? undefined : postings.get(value);
        if (value === undefined || posting === undefined) continue;
        posting.count -= 1;
        posting.tidy = false;
        if (posting.count === 0) postings.delete(value);
        else if (posting.rows.length > 2 * posting.count + LEAST_GARBAGE) tidy(posting, key, value);
      }
    },
    rowsOf,
  };
}

/** The rows of all the lists, each once, ascending: memory is read fastest in its own order. */
function inOrder(lists: readonly (readonly number[])[]): number[] {
  const rows = Uint32Array.from(lists.flat()).sort();
  return Array.from(rows.filter((row, place) => row !== rows[place - 1]));
}

/** The value that `eq` compares with: a scalar of the record's own. */
function scalarOf(metadata: Metadata, key: string): FilterValue | undefined {
  const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  return value === null || typeof value === 'object' ? undefined : value;
}

import type { DocumentData } from '@google-cloud/firestore';
import type { UsageTotals } from '../../contracts/usage-ledger.ts';
import {
  addTotals,
  type DayRecord,
  emptyRecord,
  emptyTotals,
  TOTAL_FIELDS,
  totalsOf,
  USAGE_DIMENSIONS,
} from '../../usage/day-record.ts';
import type { FirestoreSdk } from '../firestore-client.ts';

/** Firestore takes 500 increments in one write of a document (https://cloud.google.com/firestore/quotas). */
const MAX_ROWS = Math.floor(500 / TOTAL_FIELDS.length);

/** Parts of a record that can be written one by one: their sum is the record. */
export function splitRecord(record: DayRecord): DayRecord[] {
  let part: DayRecord = { ...emptyRecord(), totals: record.totals };
  let rows = 1;
  const parts = [part];
  for (const dimension of USAGE_DIMENSIONS) {
    for (const [label, totals] of record.byDimension[dimension]) {
      if (rows === MAX_ROWS) {
        part = emptyRecord();
        parts.push(part);
        rows = 0;
      }
      part.byDimension[dimension].set(label, totals);
      rows += 1;
    }
  }
  return parts;
}

/** The record as increments, for a write that merges. */
export function toIncrements({ totals, byDimension }: DayRecord, { FieldValue }: FirestoreSdk): DocumentData {
  const increments = (sums: UsageTotals): DocumentData =>
    Object.fromEntries(
      TOTAL_FIELDS.filter((field) => sums[field] !== 0).map((field) => [field, FieldValue.increment(sums[field])]),
    );
  const dimensions = USAGE_DIMENSIONS.filter((dimension) => byDimension[dimension].size > 0).map((dimension) => [
    dimension,
    Object.fromEntries(
      [...byDimension[dimension]].map(([label, sums]) => [toFieldName(label), increments(sums)] as const),
    ),
  ]);
  return {
    ...increments(totals),
    ...(dimensions.length === 0 ? {} : { byDimension: Object.fromEntries(dimensions) }),
  };
}

/** Adds what a shard holds to a record. */
export function addShard(record: DayRecord, data: DocumentData): void {
  addTotals(record.totals, readTotals(data));
  for (const dimension of USAGE_DIMENSIONS) {
    for (const [name, sums] of Object.entries(asObject(asObject(data.byDimension)[dimension]))) {
      addTotals(totalsOf(record.byDimension[dimension], fromFieldName(name)), readTotals(asObject(sums)));
    }
  }
}

/**
 * A label as the name of a field: without what field paths give a meaning to, and never empty or of the form `__x__`,
 * which Firestore keeps for itself.
 */
export function toFieldName(label: string): string {
  if (label === '') return '%';
  return label.replace(/[\p{Cc}%./\\~*[\]`]/gu, escapeCharacter).replace(/^__/, '%5F_');
}

export function fromFieldName(name: string): string {
  return name === '%'
    ? ''
    : name.replace(/%([0-9A-F]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function readTotals(data: DocumentData): UsageTotals {
  const totals = emptyTotals();
  for (const field of TOTAL_FIELDS) {
    const value: unknown = data[field];
    if (typeof value === 'number') totals[field] = value;
  }
  return totals;
}

function asObject(value: unknown): DocumentData {
  return typeof value === 'object' && value !== null ? value : {};
}

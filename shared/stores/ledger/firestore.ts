import { randomInt, randomUUID } from 'node:crypto';
import type { CollectionReference } from '@google-cloud/firestore';
import { AppError } from '../../contracts/app-error.ts';
import type { DailyUsage, UsageLedger } from '../../contracts/usage-ledger.ts';
import { GRPC, grpcStatus } from '../../resilience/grpc-status.ts';
import { DAY_MS, lastDays, nextDayMs, toDay } from '../../usage/day.ts';
import { type DayRecord, emptyRecord, mergeRecord, toDailyUsage } from '../../usage/day-record.ts';
import { createFirestoreClient, type FirestoreClientOptions, type FirestoreConnection } from '../firestore-client.ts';
import { addShard, splitRecord, toFieldName, toIncrements } from './firestore-shard.ts';
import { createUsageBuffer, type Unwritten } from './usage-buffer.ts';

export interface FirestoreUsageLedgerOptions extends FirestoreClientOptions {
  /** Firestore collection with one document per UTC day. Default `usage`. */
  readonly collection?: string;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Documents that share the counting of a day: Firestore likes about one write per second in each. Default 10. */
  readonly shards?: number;
  /** Shortest time between two writes of this instance, in milliseconds. Default 1,000. */
  readonly flushMs?: number;
  /** Entries that are written without waiting for it. Default 20. */
  readonly maxEntries?: number;
  /**
   * Labels per day and dimension of those that come with requests: provider, model, tenant. Five times as many agents
   * and keys. Default 200, at which a shard stays below Firestore's limit of 1 MiB per document.
   */
  readonly maxLabels?: number;
  /** Told of writes that failed; nothing is lost by one unless it says so. Must not throw. */
  readonly onFailure?: (error: AppError) => void;
}

const KEEP_DAYS = 400;
/** More than anybody will configure, and a bound on what one read of a day can cost. */
const MAX_SHARDS_READ = 500;
/** A day is final when no instance can have amounts of it any more. */
const SETTLING_MS = 3_600_000;
const MAX_FINISHED_DAYS = 100;
/** Longer than the SDK's own retries of one write, so that its outcome is known when this is over. */
const WRITE_TIMEOUT_MS = 15 * 60_000;

/**
 * Usage of all instances of a deployment, in `COLLECTION/{day}/shards/{n}`: each write increments a shard chosen at
 * random, so that instances neither wait for each other nor lose each other's amounts. Amounts are integers, exact up
 * to 2^53 nano-dollars (nine million USD) per day and label. Shards and claims carry `expireAt` for a TTL policy.
 *
 * What an instance has added and not yet written is lost when it is killed: about a second's entries, or those of its
 * last moment before the processor was taken away. `close` writes them, and Cloud Run announces every regular end. A
 * write whose answer is lost on the way may be repeated by the SDK and then count twice.
 */
export function createFirestoreUsageLedger({
  collection = 'usage',
  now = Date.now,
  shards = 10,
  flushMs = 1_000,
  maxEntries = 20,
  maxLabels = 200,
  onFailure = () => {},
  timeoutMs = 10_000,
  ...clientOptions
}: FirestoreUsageLedgerOptions = {}): UsageLedger {
  const client = createFirestoreClient({ ...clientOptions, timeoutMs });
  const finished = new Map<string, DayRecord>();

  const ofDay = ({ firestore }: FirestoreConnection, day: string, name: string): CollectionReference =>
    firestore.collection(collection).doc(day).collection(name);
  const expiryOf = ({ sdk }: FirestoreConnection, day: string) =>
    sdk.Timestamp.fromMillis(Date.parse(day) + KEEP_DAYS * DAY_MS);

  const increment = (day: string, part: DayRecord): Promise<unknown> =>
    client.run(
      async (connection) => {
        const shard = ofDay(connection, day, 'shards').doc(String(randomInt(shards)));
        const fields = toIncrements(part, connection.sdk);
        await shard.set({ ...fields, day, expireAt: expiryOf(connection, day) }, { merge: true });
      },
      { timeoutMs: WRITE_TIMEOUT_MS },
    );

  const buffer = createUsageBuffer({
    now,
    flushMs,
    maxEntries,
    maxLabels,
    onFailure,
    patienceMs: timeoutMs,
    split: splitRecord,
    async write(day, part) {
      try {
        await increment(day, part);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'invalid_request') throw error;
        // The shard has no room for more labels. Budgets need the totals, which take no more room than they have.
        onFailure(new AppError(error.code, 'Firestore refused a part of the usage, which is lost.', { cause: error }));
        await increment(day, { ...emptyRecord(), totals: part.totals });
      }
    },
  });

  const load = async (day: string): Promise<DayRecord> => {
    const known = finished.get(day);
    if (known !== undefined) return known;
    const isFinal = now() >= nextDayMs(Date.parse(day)) + SETTLING_MS;
    const snapshot = await client.run((connection) => ofDay(connection, day, 'shards').limit(MAX_SHARDS_READ).get());
    const record = emptyRecord();
    for (const document of snapshot.docs) addShard(record, document.data());
    if (isFinal) {
      if (finished.size >= MAX_FINISHED_DAYS) finished.delete(finished.keys().next().value as string);
      finished.set(day, record);
    }
    return record;
  };

  const read = (days: readonly string[]): Promise<DailyUsage[]> =>
    buffer.read(
      () => Promise.all(days.map(load)),
      (records, unwritten) => records.map((record, index) => toUsage(days[index] as string, record, unwritten)),
    );

  return {
    id: 'firestore',
    async add(entry) {
      buffer.add(entry);
    },
    async today() {
      const [usage] = (await read([toDay(now())])) as [DailyUsage];
      buffer.learn(usage);
      return usage;
    },
    async days(count) {
      return await read(lastDays(now(), count));
    },
    async claimOnce(name) {
      const day = toDay(now());
      const owner = randomUUID();
      return await client.run(async (connection) => {
        const claim = ofDay(connection, day, 'claims').doc(toFieldName(name));
        try {
          await claim.create({ owner, day, expireAt: expiryOf(connection, day) });
          return true;
        } catch (error) {
          if (grpcStatus(error) !== GRPC.alreadyExists) throw error;
          // It may be our own, when the SDK repeated a write whose answer was lost.
          return (await claim.get()).get('owner') === owner;
        }
      });
    },
    flush: () => buffer.flush(),
    async close() {
      await buffer.close();
      await client.close();
      finished.clear();
    },
  };
}

function toUsage(day: string, stored: DayRecord, unwritten: Unwritten): DailyUsage {
  const ours = unwritten.get(day);
  if (ours === undefined) return toDailyUsage(day, stored);
  const record = emptyRecord();
  mergeRecord(record, stored);
  mergeRecord(record, ours);
  return toDailyUsage(day, record);
}

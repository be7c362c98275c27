import type { LegConfig } from '../../config/types.ts';
import type { AppError } from '../../contracts/app-error.ts';
import type { ChatCompletion } from '../../contracts/chat-provider.ts';
import type { Attempt, CascadeResult } from '../../resilience/cascade.ts';
import { describeError, type Log } from '../../telemetry/log.ts';
import type { LegContent, LegFinished, Telemetry } from '../../telemetry/telemetry.ts';
import type { Budget } from '../../usage/budget.ts';
import type { CharacterCounts } from '../../usage/characters.ts';
import type { CostMeter, MeteredEntry } from '../accounting/cost-meter.ts';
import type { Caller } from '../caller.ts';
import type { Called, LegAccount } from '../legs/leg-run.ts';

type Usage = ChatCompletion['usage'];

/** What one answered call used. */
export interface Consumption {
  readonly usage: Usage | undefined;
  /** Of the models that are billed by it. */
  readonly characters?: CharacterCounts;
  /** The upstream did not say: these are our own guesses. */
  readonly estimated?: boolean;
  readonly finishReason?: string | undefined;
  readonly responseModel?: string | undefined;
  /** Only where it may be written down. */
  readonly content?: LegContent;
  /** What ended a stream after its first output. */
  readonly endedBy?: AppError | undefined;
}

/** The calls that one request makes to upstreams, and what they cost. */
export interface RequestTally {
  /** A leg answered; several may, when an agent works in turns. Told of each once, when its usage is known. */
  answered(done: CascadeResult<LegConfig, Called<unknown>>, used: Consumption): Promise<void>;
  /** A leg failed, or was left by the caller. What it used up by then is paid for and counted. */
  failed(leg: LegConfig, error: AppError, account: LegAccount): void;
  /** A call was sent and given up before it answered. */
  abandoned(leg: LegConfig, account: LegAccount, promptTokens: number): void;
  summary(): {
    readonly attempts: readonly Attempt[];
    /** Null when the cost of any call is unknown. */
    readonly costUsd: number | null;
    readonly promptTokens: number;
    readonly completionTokens: number;
  };
}

interface Priced {
  readonly entry: MeteredEntry;
  readonly costUsd: number | null;
}

export interface RequestTallyOptions {
  readonly meter: CostMeter;
  readonly budget: Budget;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'legFinished'>;
  /** Milliseconds, on the clock of the legs. */
  readonly now: () => number;
  readonly caller: Caller;
  readonly tenant: string | null;
  readonly agent: string | undefined;
}

export function createRequestTally({
  meter,
  budget,
  log,
  telemetry,
  now,
  caller,
  tenant,
  agent,
}: RequestTallyOptions): RequestTally {
  const attempts: Attempt[] = [];
  const owner = {
    tenant,
    ...(agent === undefined ? {} : { agent }),
    ...(caller.key === undefined ? {} : { key: caller.key }),
  };
  let nanoUsd: number | null = 0;
  let promptTokens = 0;
  let completionTokens = 0;

  const price = (leg: LegConfig, usage: Usage | AppError['usage'], characters?: CharacterCounts): Priced => {
    const { entry, costUsd } = meter.measure(leg, usage, characters);
    promptTokens += entry.promptTokens;
    completionTokens += entry.completionTokens;
    const cost = entry.costNanoUsd ?? null;
    nanoUsd = nanoUsd === null || cost === null ? null : nanoUsd + cost;
    return { entry, costUsd };
  };

  const record = async (entry: MeteredEntry) => {
    try {
      await budget.record({ ...entry, ...owner });
    } catch (error) {
      // The answer is there and paid for: a ledger that is down must not take it away.
      log('WARNING', 'usage not recorded', { error: describeError(error) });
    }
  };

  return {
    async answered({ leg, result, attempts: tried }, used) {
      const { usage, characters } = used;
      attempts.push(...tried);
      if (usage) result.settleTokens(usage.total_tokens);
      const { entry, costUsd } = price(leg, usage, characters);
      telemetry.legFinished(toFinished(result.account, used, { costUsd, nowMs: now() }));
      await record(entry);
    },
    failed(leg, error, account) {
      const used = error.usage && price(leg, error.usage);
      telemetry.legFinished(toFailed(account, error, { used, nowMs: now() }));
      // Not waited for: the next leg is what the caller waits for, and `record` never rejects.
      if (used) void record(used.entry);
    },
    abandoned(leg, account, promptTokens) {
      const usage = { prompt_tokens: promptTokens, completion_tokens: 0, total_tokens: promptTokens };
      const { entry, costUsd } = price(leg, usage);
      account.lost = add(account.lost, { promptTokens, costUsd });
      void record(entry);
    },
    summary: () => ({
      attempts,
      costUsd: nanoUsd === null ? null : nanoUsd / 1e9,
      promptTokens,
      completionTokens,
    }),
  };
}

type Lost = NonNullable<LegAccount['lost']>;

function add(first: Lost | undefined, second: Lost): Lost {
  if (first === undefined) return second;
  const costUsd = first.costUsd === null || second.costUsd === null ? null : first.costUsd + second.costUsd;
  return { promptTokens: first.promptTokens + second.promptTokens, costUsd };
}

function toFailed(
  { startedAtMs, sends, lost, committedAfterMs: _never, ...account }: LegAccount,
  error: AppError,
  { used, nowMs }: { readonly used: Priced | undefined; readonly nowMs: number },
): LegFinished {
  const spent = used && { promptTokens: used.entry.promptTokens, costUsd: used.costUsd };
  const total = spent ? add(lost, spent) : lost;
  return {
    ...account,
    // A caller that left is no failure of the leg.
    outcome: error.code === 'cancelled' ? 'cancelled' : 'failed',
    error,
    isSent: sends > 0,
    sends,
    latencyMs: nowMs - startedAtMs,
    ...(total && { ...total, completionTokens: used?.entry.completionTokens ?? 0 }),
  };
}

function toFinished(
  { startedAtMs, committedAfterMs, sends, lost, ...account }: LegAccount,
  { usage, finishReason, responseModel, content, endedBy }: Consumption,
  { costUsd, nowMs }: { readonly costUsd: number | null; readonly nowMs: number },
): LegFinished {
  const cachedTokens = usage?.prompt_tokens_details?.cached_tokens;
  // Attempts before the one that answered were given up, and are paid for.
  const total = usage && add(lost, { promptTokens: usage.prompt_tokens, costUsd });
  const outcome = endedBy === undefined ? 'answered' : endedBy.code === 'cancelled' ? 'cancelled' : 'broken';
  return {
    ...account,
    outcome,
    isSent: true,
    sends,
    latencyMs: account.streamed || committedAfterMs === undefined ? nowMs - startedAtMs : committedAfterMs,
    costUsd: total?.costUsd ?? costUsd,
    ...(account.streamed && committedAfterMs !== undefined ? { firstTokenMs: committedAfterMs } : {}),
    ...(usage && total && { promptTokens: total.promptTokens, completionTokens: usage.completion_tokens }),
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(endedBy === undefined ? {} : { error: endedBy }),
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(responseModel === undefined ? {} : { responseModel }),
    ...(content === undefined ? {} : { content }),
  };
}

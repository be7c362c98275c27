/** What a measured ratio, or a value without a peer, has to keep. */
export type Goal = { readonly atMost: number } | { readonly atLeast: number };

export interface BenchRow {
  /** What was measured, in words that stand alone in a table; also the row's identity. */
  readonly what: string;
  readonly ours: number;
  /** Unit of `ours` and of the peer's value, such as `µs CPU`. */
  readonly unit: string;
  /** Absent where there is nobody to compare with. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** Ours divided by the peer's, round by round, then the median. */
  readonly ratio?: number;
  /** Holds for the ratio, or for `ours` where there is no peer. */
  readonly goal?: Goal;
  /** Half the middle spread of the rounds, relative to their median: 0.05 is ±5 %. */
  readonly noise: number;
}

export interface BenchOptions {
  /** Fewer rounds and smaller sets, for a first look and for continuous checks. */
  readonly quick: boolean;
  /** A folder outside the repository for what the part writes; removed when the part is done. */
  readonly scratch: string;
  /** Says what is going on, for the person who waits. */
  readonly log: (line: string) => void;
  readonly random: () => number;
}

/** One thing that can be measured alone. A file in `parts/` exports it as `part`; its file name is its name. */
export interface BenchPart {
  readonly name: string;
  readonly description: string;
  run(options: BenchOptions): Promise<readonly BenchRow[]>;
}

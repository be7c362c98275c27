import { type AdviceId, type Place, type Remedy, toRemedy } from './advice.ts';

/** `unknown`: it could not be looked at, which is neither good nor bad. */
export type Status = 'ok' | 'warning' | 'problem' | 'unknown';

/** One thing that was looked at. */
export interface Finding {
  readonly status: Status;
  /** What it is about: a leg, a secret, an index. Never a value of a key. */
  readonly subject: string;
  readonly detail: string;
  readonly remedy?: Remedy;
}

/** One question of the doctor about what it was shown. */
export interface Check<Scene> {
  readonly name: string;
  /** Looks, and never throws for what it finds. */
  run(scene: Scene): Promise<readonly Finding[]>;
}

type Names = Partial<Readonly<Record<Place, string>>>;

export const fine = (subject: string, detail: string): Finding => ({ status: 'ok', subject, detail });

export function problem(subject: string, detail: string, id: AdviceId, names: Names = {}): Finding {
  return { status: 'problem', subject, detail, remedy: toRemedy(id, names) };
}

export function warning(subject: string, detail: string, id: AdviceId, names: Names = {}): Finding {
  return { status: 'warning', subject, detail, remedy: toRemedy(id, names) };
}

export function unknown(subject: string, detail: string, id?: AdviceId, names: Names = {}): Finding {
  return { status: 'unknown', subject, detail, ...(id === undefined ? {} : { remedy: toRemedy(id, names) }) };
}

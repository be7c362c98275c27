import type { z } from 'zod';
import type { Method } from '../router.ts';

/** What the OpenAPI document says of a route. The schemas of requests are the ones that requests are checked with. */
export interface Operation {
  readonly method: Method;
  /** As the router has it. */
  readonly path: string;
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Readonly<Record<string, z.ZodType>>;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly body?: z.ZodType;
  /** By status: those of an answer that is no error. */
  readonly answers: Readonly<Record<number, AnswerKind>>;
  /** Statuses of errors. */
  readonly errors: readonly number[];
  /** The body of errors. */
  readonly errorBody: z.ZodType;
  /** Who calls has to be known. */
  readonly secured: boolean;
}

export interface AnswerKind {
  readonly description: string;
  /** Schemas by media type; null for a text of which the type says enough. */
  readonly content: Readonly<Record<string, z.ZodType | null>>;
}

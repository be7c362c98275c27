import { AppError } from '../contracts/app-error.ts';
import type { AddressClass } from './address.ts';

/** Why a request was not sent; bounded, for a log line or the label of a counter. */
export type BlockReason =
  | Exclude<AddressClass, 'public'>
  /** The text of the URL: not one, or one that readers of URLs disagree about. */
  | 'malformed'
  | 'userinfo'
  /** Neither https, nor http to a place where plain text is allowed. */
  | 'scheme'
  /** Another host or port than the configured ones. */
  | 'origin'
  | 'path'
  | 'method'
  /** A name that means something on the local machine or network alone. */
  | 'local_name'
  /** The name has no address. */
  | 'unresolved';

const NAME = 'BlockedUrl';

/** The one neutral text; the reason is in the cause, whose `code` the log shows. Names neither URL nor address. */
export function toBlockedError(reason: BlockReason): AppError {
  const cause = Object.assign(new Error(reason), { name: NAME, code: reason });
  return new AppError(
    'blocked_url',
    'The target of this request is not allowed. The operator finds the reason in the log of the service.',
    { retryable: false, cause },
  );
}

/** The reason of an error made here; undefined for any other. */
export function blockReasonOf(error: unknown): BlockReason | undefined {
  if (!(error instanceof AppError) || error.code !== 'blocked_url') return undefined;
  const { cause } = error;
  return cause instanceof Error && cause.name === NAME ? (cause.message as BlockReason) : undefined;
}

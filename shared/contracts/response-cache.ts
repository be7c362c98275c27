/**
 * Finished answers by key. The key is a hash made by the caller; no prompt text is ever part of a key.
 * A broken cache is a miss and never a failed request: implementations swallow the faults of their backend.
 */
export interface ResponseCache {
  readonly id: string;
  /** The stored text, or undefined when there is none or it is older than its TTL. */
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, options: { readonly ttlMs: number }): Promise<void>;
  close(): Promise<void>;
}

const SAFE: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

/** The address of a link that may be followed; undefined for `javascript:`, `data:` and whatever else runs or hides. */
export function toSafeLink(address: string): string | undefined {
  try {
    const url = new URL(address);
    return SAFE.has(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

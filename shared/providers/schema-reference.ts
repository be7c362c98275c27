/**
 * What a reference inside a JSON schema names, e.g. `#/$defs/city`; undefined for one that leads outside or nowhere.
 */
export function resolveReference(root: Readonly<Record<string, unknown>>, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  let target: unknown = root;
  for (const step of reference.slice(1).split('/').filter(Boolean)) {
    const name = decode(step).replaceAll('~1', '/').replaceAll('~0', '~');
    const fields = typeof target === 'object' && target !== null ? (target as Record<string, unknown>) : {};
    target = Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  return target;
}

/** References are URIs; a percent sign that begins no code stands for itself. */
function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

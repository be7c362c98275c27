import { AppError } from '../contracts/app-error.ts';
import { toParam } from './validation.ts';

/**
 * The query parameters of a route of Sluice's own: of other vendors' APIs, clients send more than we know.
 * @param known those the route takes; none when what it takes is in the body or the path.
 * @throws AppError `invalid_request` for any other, and for one that comes twice.
 */
export function readQuery<Name extends string>(
  query: URLSearchParams,
  known: readonly Name[],
): { [Key in Name]?: string } {
  const values: Partial<Record<string, string>> = {};
  for (const [name, value] of query) {
    const param = toParam([name]);
    if (!known.some((one) => one === name)) {
      const taken = known.length === 0 ? 'none: what it takes is in the body' : known.join(', ');
      throw new AppError('invalid_request', `Unrecognized query parameter: ${param}. This route takes ${taken}.`, {
        param,
      });
    }
    if (values[name] !== undefined) {
      throw new AppError('invalid_request', `The query parameter ${param} comes twice.`, { param });
    }
    values[name] = value;
  }
  return values as { [Key in Name]?: string };
}

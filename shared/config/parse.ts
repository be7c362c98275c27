import type { Environment } from './environment.ts';
import { fromTree } from './from-tree.ts';
import type { LoadedConfig } from './types.ts';
import { readYaml } from './yaml.ts';

/**
 * The configuration of a YAML text.
 *
 * @param options.source what error messages call the text, usually its path.
 * @param options.nowMs the present, which decides whether keys have expired.
 * @throws AppError `configuration` listing every problem, one per line, each with its path.
 */
export function parseConfig(
  text: string,
  {
    environment,
    source = 'the configuration',
    nowMs = Date.now(),
  }: { environment: Environment; source?: string; nowMs?: number },
): LoadedConfig {
  return fromTree(readYaml(text, source), { environment, source, nowMs });
}

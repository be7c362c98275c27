import type { SluiceConfig } from '../config/types.ts';

/**
 * Settings that are valid in a file and that this version does not act on yet. Nobody should believe in a limit that
 * is not kept, so each is a warning at start-up.
 */
export function listUnusedSettings(config: SluiceConfig): string[] {
  const { vectorstore } = config;
  const settings: readonly (readonly [isSet: boolean, name: string])[] = [
    [vectorstore?.provider === 'memory' && vectorstore.file !== undefined, 'vectorstore.memory.file'],
  ];
  return settings
    .filter(([isSet]) => isSet)
    .map(([, name]) => `${name}: read and checked, but not acted on in this version`);
}

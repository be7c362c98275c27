import { expect, test } from 'vitest';
import { toAllowedNames } from '../../../shared/providers/allowed-tools.ts';

const names = (allowed_tools: object) => [...toAllowedNames({ type: 'allowed_tools', allowed_tools } as never)];

test('the functions a choice names, and nothing that is none', () => {
  const tools = [{ type: 'function', function: { name: 'f' } }, { type: 'custom' }, null, { function: { name: 1 } }];
  expect(names({ mode: 'auto', tools })).toEqual(['f']);
  expect(names({ mode: 'auto' })).toEqual([]);
});

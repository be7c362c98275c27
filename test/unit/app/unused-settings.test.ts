import { describe, expect, it } from 'vitest';
import { listUnusedSettings } from '../../../shared/app/unused-settings.ts';
import { parseConfig } from '../../../shared/config/load.ts';

const AGENT = 'agents: [{name: a, role: assistant, provider: local, model: extractive}]\n';
const list = (yaml: string): string[] => listUnusedSettings(parseConfig(AGENT + yaml, { environment: {} }).config);

describe('listUnusedSettings', () => {
  it('says nothing of a configuration that is acted on in full', () => {
    expect(list('')).toEqual([]);
  });

  it.each([['vectorstore: {provider: memory, memory: {file: x}}', 'vectorstore.memory.file']])(
    'names %s',
    (yaml, name) => {
      expect(list(yaml).join()).toContain(name);
    },
  );
});

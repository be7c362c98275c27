import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { ADVICE, PLACES, toRemedy } from '../../../scripts/doctor/advice.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

describe('the advice of the doctor', () => {
  it('fills names into its words and commands, and leaves what it does not know to the reader', () => {
    const { cure, run } = toRemedy('secret-reader', { SECRET: 'openai-api-key', PROJECT: 'acme' });
    expect(run).toContain('openai-api-key --project=acme');
    expect(run).toContain('--member=serviceAccount:ACCOUNT');
    expect(cure).not.toMatch(/SECRET/);
  });

  it('has a command for everything, which exists', () => {
    for (const { run } of Object.values(ADVICE)) {
      expect(run).not.toBe('');
      for (const [, script = ''] of run.matchAll(/npm run ([a-z:-]+)/g)) expect(scripts).toHaveProperty(script);
    }
  });

  it('uses every name that can be filled in', () => {
    const words = new Set(
      Object.values(ADVICE).flatMap(({ cure, run }) => `${cure} ${run}`.match(/\b[A-Z]+\b/g) ?? []),
    );
    for (const place of PLACES) expect(words).toContain(place);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../../scripts/build.ts';
import { type CloudBuild, checkReferences, checkTypes, loadCloudBuildTypes } from '../../support/cloud-build.ts';

const types = loadCloudBuildTypes();
const note = types === undefined ? ' [optional: @google-cloud/cloudbuild is not installed]' : '';
const FILES = ['cloudbuild.yaml', join('infra', 'ollama', 'cloudbuild.yaml')];
const read = (file: string) => parse(readFileSync(join(ROOT, file), 'utf8')) as CloudBuild;

describe.each(FILES)('%s', (file) => {
  it.skipIf(types === undefined)(`keeps to Google's own description of a build${note}`, () => {
    expect(checkTypes(read(file), types ?? {})).toEqual([]);
  });

  it('names only steps, variables and secrets that there are', () => {
    expect(checkReferences(read(file))).toEqual([]);
  });
});

describe('cloudbuild.yaml', () => {
  const build = read('cloudbuild.yaml');
  const step = (id: string) => build.steps.find((candidate) => candidate.id === id);

  it('deploys only when it is told to, and only what was checked, tested and planned', () => {
    expect(build.substitutions?._APPLY).toBe('false');
    expect(step('apply')?.script).toMatch(/"\$APPLY" != true.*exit 0/);
    expect(step('plan')?.waitFor).toEqual(['check', 'test', 'build']);
    expect(step('apply')?.waitFor).toEqual(['plan']);
    expect(step('smoke')?.waitFor).toEqual(['apply']);
  });

  it('sees no key', () => {
    expect(JSON.stringify(build)).not.toMatch(/secret|API_KEY/i);
  });

  it('gets from the trigger what it wants, and nothing else', () => {
    const trigger = readFileSync(join(ROOT, 'infra', 'build.tf'), 'utf8');
    const block = /substitutions = \{([^}]*)\}/.exec(trigger)?.[1] ?? '';
    const given = [...block.matchAll(/^\s*(_[A-Z_]+)/gm)].map(([, name]) => name);
    expect(given.sort()).toEqual(Object.keys(build.substitutions ?? {}).sort());
  });

  it.skipIf(types === undefined)(`is checked by something that notices faults${note}`, () => {
    const faults = (change: object) => checkTypes({ ...build, ...change }, types ?? {});
    expect(faults({ timeuot: '1s' })).toHaveLength(1);
    expect(faults({ timeout: '1h' })).toHaveLength(1);
    expect(faults({ options: { logging: 'CLOUD_LOGING_ONLY' } })).toHaveLength(1);
    expect(faults({ steps: [{ name: 'x', waitfor: ['a'] }] })).toHaveLength(1);
    expect(faults({ steps: { name: 'x' } })).toHaveLength(1);
    expect(faults({ steps: [{ name: 3 }] })).toHaveLength(1);
  });

  it('has its references checked by something that notices faults', () => {
    const [first, ...others] = build.steps;
    const faults = (change: object) => checkReferences({ ...build, ...change } as CloudBuild);
    expect(faults({ steps: [{ ...first, waitFor: ['nobody'] }, ...others] })).toHaveLength(1);
    expect(faults({ steps: [{ ...first, env: ['A=$_UNDECLARED'] }, ...others] })).toHaveLength(1);
    expect(faults({ steps: [{ ...first, secretEnv: ['KEY'] }, ...others] })).toHaveLength(1);
    expect(faults({ steps: [{ ...first, script: 'echo $FORGOTTEN' }, ...others] })).toHaveLength(1);
    expect(faults({ substitutions: { ...build.substitutions, _UNUSED: '' } })).toHaveLength(1);
  });
});

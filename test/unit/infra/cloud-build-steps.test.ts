import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../../scripts/build.ts';
import type { CloudBuild } from '../../support/cloud-build.ts';

const build = parse(readFileSync(join(ROOT, 'cloudbuild.yaml'), 'utf8')) as CloudBuild;
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

describe('the steps of cloudbuild.yaml, run one after the other', () => {
  let work: string;

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'sluice-steps-'));
    for (const folder of ['bin', 'infra', 'dist']) mkdirSync(join(work, folder));
    for (const name of ['npm', 'terraform']) {
      const file = join(work, 'bin', name);
      // Says what was asked; the outputs of Terraform are JSON.
      const code = `#!/bin/sh\necho "${name} $*" >> "${work}/calls"\n[ "$1" = output ] && echo '{}'\n[ "$1" != "$FAIL" ]\n`;
      writeFileSync(file, code);
      chmodSync(file, 0o755);
    }
  });
  afterEach(() => rmSync(work, { recursive: true, force: true }));

  /** Runs every step up to the first that fails, with the substitutions in their environment as Cloud Build does it. */
  function run(substitutions: Readonly<Record<string, string>>, fail = 'nothing') {
    const values: Record<string, string> = { ...build.substitutions, ...substitutions };
    const statuses: Record<string, number | null> = {};
    let output = '';
    for (const { id = '', script = '', dir = '', env = [] } of build.steps) {
      const given = (env as string[]).map((line) => {
        const [name = '', value = ''] = line.split(/=(.*)/s);
        return [name, value.replace(/\$\{(_[A-Z_]+)\}/g, (_, variable: string) => values[variable] ?? '')];
      });
      const file = join(work, 'step');
      writeFileSync(file, script.startsWith('#!') ? script : `#!/bin/sh\n${script}`);
      chmodSync(file, 0o755);
      const done = spawnSync(file, {
        cwd: join(work, dir as string),
        encoding: 'utf8',
        env: { PATH: `${work}/bin:/usr/bin:/bin`, FAIL: fail, ...Object.fromEntries(given) },
      });
      statuses[id] = done.status;
      output += done.stdout;
      if (done.status !== 0) break;
    }
    const calls = existsSync(join(work, 'calls')) ? readFileSync(join(work, 'calls'), 'utf8').trim().split('\n') : [];
    return { statuses, calls, output };
  }

  const given = { _PROJECT: 'acme-llm', _STATE_BUCKET: 'acme-state', _ENVIRONMENT: 'prod' };

  it('check, build and plan, and change nothing unless they are told to', () => {
    const { statuses, calls, output } = run(given);
    expect(new Set(Object.values(statuses))).toEqual(new Set([0]));
    expect(calls).toEqual([
      'npm ci --no-audit --no-fund',
      'npm run check',
      'npm test',
      'npm run build',
      'terraform init -input=false -backend-config=bucket=acme-state -backend-config=prefix=sluice/prod',
      'terraform plan -input=false -var-file=environments/prod.tfvars -var=project_id=acme-llm -out=../dist/plan',
    ]);
    expect(output).toContain('Planned only');
    expect(readFileSync(join(work, 'infra', 'backend_override.tf'), 'utf8')).toBe(
      'terraform {\n  backend "gcs" {}\n}\n',
    );
  });

  it('apply the plan and try what is deployed when they are told to', () => {
    const { calls } = run({ ...given, _APPLY: 'true' });
    expect(calls.slice(-3)).toEqual([
      'terraform apply -input=false ../dist/plan',
      'terraform output -json',
      'npm run smoke -- --outputs dist/outputs.json',
    ]);
    expect(readFileSync(join(work, 'dist', 'outputs.json'), 'utf8')).toBe('{}\n');
  });

  it.each(['init', 'plan', 'apply'])('end at a %s that fails', (command) => {
    const { statuses, calls } = run({ ...given, _APPLY: 'true' }, command);
    expect(Object.values(statuses).at(-1)).not.toBe(0);
    expect(calls.at(-1)).toContain(`terraform ${command}`);
  });

  it('run scripts that there are, under a version of Node.js that the functions have', () => {
    for (const { script = '', name } of build.steps) {
      for (const [, called = ''] of script.matchAll(/npm run ([a-z:]+)/g)) expect(scripts).toHaveProperty(called);
      expect(name).toMatch(/^(?:node:24-|hashicorp\/terraform:1\.\d+\.\d+$)/);
    }
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { type LockFile, pruneLockFile } from '../../../scripts/lock-file.ts';

const manifest = { name: 'small', version: '1.0.0', engines: { node: '24' }, dependencies: { a: '1.0.0' } };

const large: LockFile = {
  lockfileVersion: 3,
  packages: {
    '': { dependencies: { a: '1.0.0', unused: '1.0.0' } },
    'node_modules/a': {
      version: '1.0.0',
      dependencies: { b: '^2.0.0', c: '^1.0.0' },
      optionalDependencies: { absent: '1' },
    },
    'node_modules/a/node_modules/b': { version: '2.0.0', dependencies: { c: '^1.0.0' } },
    'node_modules/b': { version: '1.0.0' },
    'node_modules/c': { version: '1.0.0' },
    'node_modules/unused': { version: '1.0.0' },
  },
};

describe('pruneLockFile', () => {
  it('keeps what is needed where Node.js looks for it, and nothing else', () => {
    expect(Object.keys(pruneLockFile(large, manifest).packages)).toEqual([
      '',
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
    ]);
  });

  it('describes the small package as npm would', () => {
    expect(pruneLockFile(large, manifest)).toMatchObject({
      name: 'small',
      lockfileVersion: 3,
      packages: { '': manifest },
    });
  });

  it('says what to do when the large lock file lacks a dependency', () => {
    const packages = { ...large.packages, 'node_modules/a': { dependencies: { missing: '1' } } };
    expect(() => pruneLockFile({ ...large, packages }, manifest)).toThrow(/lacks missing.*npm install/);
  });

  it('finds everything the functions framework needs in the lock file of this repository', () => {
    const own = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as LockFile;
    const dependencies = { '@google-cloud/functions-framework': '5.0.5' };
    const places = Object.keys(pruneLockFile(own, { ...manifest, dependencies }).packages);
    expect(places).toContain('node_modules/express');
    expect(places).not.toContain('node_modules/openai');
  });
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { bundleFunction } from '../../../scripts/bundle-function.ts';
import { eagerOutputs, measureBundle } from '../../../scripts/bundle-size.ts';

/** A function whose entry waits for what it loads, whose modules share names and state, and which has a thread. */
const SOURCES: Readonly<Record<string, string>> = {
  'functions/little/index.ts': `
    import { register } from '../register.ts';
    import { routes } from './routes.ts';
    await register(routes);
  `,
  'functions/little/routes.ts': `
    export const routes = {
      first: async () => (await import('../../shared/first.ts')).first(),
      second: async () => (await import('../../shared/second.ts')).second(),
      modern: async () => (await import('../../shared/modern.cjs')).default.read(),
    };
    export { common } from '../../shared/common.ts';
  `,
  'functions/register.ts': `
    import { count, read } from '../shared/one.ts';
    import { read as readOther } from '../shared/other.ts';
    export async function register(routes) {
      const { early } = await import('../shared/early.ts');
      const answers = [early(), await routes.first(), await routes.second(), await routes.modern(), read(), readOther()];
      console.log(JSON.stringify({ answers, count: count() }));
    }
  `,
  'shared/one.ts': `
    let reads = 0;
    export const read = () => { reads += 1; return 'one'; };
    export const count = () => reads;
  `,
  'shared/other.ts': `
    import path, { sep } from 'node:path';
    export const read = () => 'other' + (path.sep === sep);
  `,
  'shared/early.ts': "import { read } from './one.ts'; export const early = () => 'early ' + read();",
  'shared/few-lines.ts': "import { read } from './one.ts'; export const few = () => 'few ' + read();",
  'shared/first.ts': `
    import { few } from './few-lines.ts';
    import { read } from './other.ts';
    export const first = () => few() + ', ' + read();
  `,
  'shared/second.ts': "import { few } from './few-lines.ts'; export const second = () => few();",
  'shared/modern.cjs': `
    const { sep } = require('node:path');
    exports.read = () => sep + __filename.endsWith('.js') + __dirname.endsWith('little');
  `,
  'shared/common.ts': "export const common = () => 'common';",
  'shared/rag/file-thread.ts': "import { common } from '../common.ts'; console.log(common());",
};

describe('bundleFunction', () => {
  let root: string;
  let directory: string;
  let metafile: Metafile;

  beforeAll(async () => {
    root = await mkdtemp(join(ROOT, 'node_modules', '.sluice-bundle-'));
    directory = join(root, 'dist', 'little');
    for (const [path, text] of Object.entries(SOURCES)) {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'package.json'), '{"type":"module"}');
    metafile = await bundleFunction({ root, name: 'little', directory });
  });

  afterAll(() => rm(root, { recursive: true, force: true }));

  const run = async (file: string): Promise<string> =>
    (await promisify(execFile)(process.execPath, [join(directory, file)], { timeout: 30_000 })).stdout;

  it('runs: chunks find what they had, by the same name from two files too, once, and while the entry still waits', async () => {
    expect(JSON.parse(await run('index.js'))).toEqual({
      answers: ['early one', 'few one, othertrue', 'few one', '/truetrue', 'one', 'othertrue'],
      count: 4,
    });
  });

  it('starts its threads without the function', async () => {
    expect(await run('file-thread.js')).toBe('common\n');
  });

  it('writes the files that it names, and no other', async () => {
    const written = (await readdir(directory)).filter((name) => name !== 'package.json').sort();
    expect(
      Object.keys(metafile.outputs)
        .map((path) => path.replace('dist/little/', ''))
        .sort(),
    ).toEqual(written);
    expect(written).toEqual(
      expect.arrayContaining(['common.js', 'file-thread.js', 'index.js', 'shared.js', 'start.js']),
    );
    expect(written).toHaveLength(9);
  });

  it('says what a start reads, and of which sources', () => {
    expect([...eagerOutputs(metafile)].sort()).toEqual(
      ['common.js', 'index.js', 'start.js'].map((name) => `dist/little/${name}`),
    );
    expect([...measureBundle(metafile).eagerInputs.keys()].sort()).toEqual([
      'functions/little/index.ts',
      'functions/little/routes.ts',
      'functions/register.ts',
      'shared/common.ts',
      'shared/one.ts',
      'shared/other.ts',
    ]);
  });
});

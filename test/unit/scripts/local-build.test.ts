import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLocalFolder, explainWriteFault } from '../../../scripts/local-build.ts';

let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sluice-local-'));
});

afterEach(() => rm(parent, { recursive: true, force: true }));

describe('the folder that a local server runs from', () => {
  test('is its own, and stays as long as its process runs, whatever is built meanwhile', async () => {
    const first = await createLocalFolder(parent);
    await writeFile(join(first, 'chunk.js'), '');
    const second = await createLocalFolder(parent);
    expect(second).not.toBe(first);
    expect(await readdir(first)).toEqual(['chunk.js']);
  });

  test('is removed at the next start after its process has ended', async () => {
    const first = await createLocalFolder(parent);
    await writeFile(join(first, 'chunk.js'), '');
    const second = await createLocalFolder(parent, (pid) => pid !== process.pid);
    expect(await readdir(parent)).toEqual([basename(second)]);
  });

  test('is left alone by everybody else', async () => {
    const others = ['gateway', 'gateway.zip', 'local-elsewhere-7-abcdef', `local-${hostname()}-b-7-abcdef`];
    for (const name of others) await writeFile(join(parent, name), '');
    const own = await createLocalFolder(parent, () => false);
    expect((await readdir(parent)).sort()).toEqual([...others, basename(own)].sort());
  });

  test('makes the folder it stands in', async () => {
    expect(await readdir(await createLocalFolder(join(parent, 'dist')))).toEqual([]);
  });
});

describe('a build that cannot be written', () => {
  const failed = (text: string) => Object.assign(new Error(`Build failed: ${text}`), { errors: [{ text }] });

  test.each([
    [Object.assign(new Error('x'), { code: 'EROFS' }), /into \/checkout\/dist\. Make it writable/],
    [Object.assign(new Error('x'), { code: 'ENOSPC' }), /is full\. Free some space/],
    [Object.assign(new Error('x'), { code: 'EEXIST' }), /Remove the file/],
    [failed('Failed to write to output file: open /checkout/dist/a.js: permission denied'), /Make it writable/],
    [failed('Failed to write to output file: write /checkout/dist/a.js: no space left on device'), /Free some space/],
  ])('is explained with what to do (%s)', (error, words) => {
    expect(explainWriteFault(error, '/checkout/dist')).toMatchObject({
      code: 'configuration',
      message: expect.stringMatching(words),
    });
  });

  test('is not what a fault in a source is taken for', () => {
    expect(explainWriteFault(failed('Could not resolve "./read-only.ts"'))).toBeUndefined();
    expect(explainWriteFault(new TypeError('x'))).toBeUndefined();
  });
});

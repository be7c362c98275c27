import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { zipDirectory } from '../../../scripts/archive.ts';

describe('zipDirectory', () => {
  let work: string;
  const source = () => join(work, 'source');

  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), 'sluice-zip-'));
    await mkdir(join(source(), 'inner'), { recursive: true });
    await writeFile(join(source(), 'index.js'), 'export {};\n');
    await writeFile(join(source(), 'inner', 'größe.txt'), 'ä'.repeat(1000));
    await writeFile(join(source(), 'empty'), '');
  });
  afterEach(() => rm(work, { recursive: true, force: true }));

  it('makes the same bytes of the same files, whenever they were written and in whatever order', async () => {
    const first = await zipDirectory(source());
    const other = join(work, 'other');
    await mkdir(join(other, 'inner'), { recursive: true });
    await writeFile(join(other, 'empty'), '');
    await writeFile(join(other, 'inner', 'größe.txt'), 'ä'.repeat(1000), { mode: 0o600 });
    await writeFile(join(other, 'index.js'), 'export {};\n');
    await utimes(join(other, 'index.js'), 1, 1);
    expect((await zipDirectory(other)).equals(first)).toBe(true);
  });

  it('makes other bytes when a file has other content or another name', async () => {
    const first = await zipDirectory(source());
    await writeFile(join(source(), 'index.js'), 'export {}; \n');
    const second = await zipDirectory(source());
    await writeFile(join(source(), 'index.js'), 'export {};\n');
    await writeFile(join(source(), 'another'), '');
    const third = await zipDirectory(source());
    expect(second.equals(first)).toBe(false);
    expect(third.equals(first)).toBe(false);
  });

  const python = hasPython();
  it.skipIf(!python)(
    `unpacks with a ZIP reader of others into the same files${python ? '' : ' [optional: no python3]'}`,
    async () => {
      const archive = join(work, 'source.zip');
      await writeFile(archive, await zipDirectory(source()));
      execFileSync('python3', ['-m', 'zipfile', '-t', archive]);
      execFileSync('python3', ['-m', 'zipfile', '-e', archive, join(work, 'unpacked')]);
      for (const name of ['index.js', 'empty', join('inner', 'größe.txt')]) {
        expect(await readFile(join(work, 'unpacked', name))).toEqual(await readFile(join(source(), name)));
      }
    },
  );
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

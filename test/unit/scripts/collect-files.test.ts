import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { collectFiles } from '../../../scripts/ingest/collect-files.ts';

// Whoever runs the tests may be allowed to read everything.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const readdir = async (folder: string, options: { withFileTypes: true }) => {
    if (basename(folder) === 'closed') throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    return fs.readdir(folder, options);
  };
  return { ...fs, readdir };
});

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-collect-'));
  await mkdir(join(directory, 'docs/deep'), { recursive: true });
  await writeFile(join(directory, 'docs/deep/a.md'), 'a');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const collect = async (...paths: string[]) => {
  const { files, refused } = await collectFiles(paths, directory);
  return { sources: files.map(({ source }) => source), refused };
};

it('A file that is asked for and is of no known kind is refused, with the kinds there are', async () => {
  await writeFile(join(directory, 'LICENSE'), 'text');
  expect(await collect('LICENSE')).toEqual({
    sources: [],
    refused: [{ path: 'LICENSE', message: expect.stringMatching(/^The ending of its name .*\.md, .*\.docx\)\.$/) }],
  });
});

it('A folder that cannot be read is named, and keeps no other back', async () => {
  await mkdir(join(directory, 'docs/closed'));
  expect(await collect('docs')).toEqual({
    sources: ['docs/deep/a.md'],
    refused: [{ path: 'docs/closed', message: 'The folder cannot be read.' }],
  });
});

it.each(['docs', 'docs/**/*.md'])(
  'Links to files are taken, and links to folders bring no file twice: %s',
  async (path) => {
    await writeFile(join(directory, 'outside.md'), 'b');
    await symlink(join(directory, 'outside.md'), join(directory, 'docs/linked.md'));
    await symlink('..', join(directory, 'docs/deep/loop'));
    await symlink('..', join(directory, 'docs/deep/folder.md'));
    await symlink('nowhere.md', join(directory, 'docs/broken.md'));
    expect(await collect(path)).toEqual({ sources: ['docs/deep/a.md', 'docs/linked.md'], refused: [] });
  },
);

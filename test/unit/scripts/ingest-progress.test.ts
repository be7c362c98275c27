import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createProgress } from '../../../scripts/ingest/progress.ts';

const files = [
  { source: 'small.md', bytes: 100 },
  { source: 'large.pdf', bytes: 900 },
];

let written: string[];
let timeMs: number;
const create = (columns = 80, isTTY = true) =>
  createProgress(files, { isTTY, columns, write: (text: unknown) => written.push(String(text)) > 0 }, () => timeMs);

beforeEach(() => {
  vi.useFakeTimers();
  written = [];
  timeMs = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

it('judges what is left by size, and draws again while nothing comes', () => {
  const progress = create();
  timeMs = 1_000;
  progress.add({ path: 'small.md', status: 'ready' });
  expect(written.at(-1)).toContain('10%  1/2 files  1.0 files/s  0:09 left');
  timeMs = 8_000;
  vi.advanceTimersByTime(250);
  expect(written.at(-1)).toContain('10%  1/2 files  0.1 files/s  1:12 left');
  progress.add({ path: 'large.pdf', status: 'failed' });
  expect(written.at(-1)).toContain('100%  2/2 files  0.3 files/s  0:00 left  1 failed');
  progress.end();
  expect(written.at(-1)).toBe('\r\u001b[K');
  const { length } = written;
  vi.advanceTimersByTime(10_000);
  expect(written).toHaveLength(length);
});

it('stays within the line, which it could not write over otherwise', () => {
  create(30).add({ path: 'small.md', status: 'ready' });
  for (const line of written) expect(line.replace('\r\u001b[K', '').length).toBeLessThan(30);
});

it('is silent where there is no terminal', () => {
  const progress = create(80, false);
  progress.add({ path: 'small.md', status: 'ready' });
  progress.end();
  vi.advanceTimersByTime(10_000);
  expect(written).toEqual([]);
});

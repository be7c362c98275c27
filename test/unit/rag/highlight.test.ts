import { expect, test } from 'vitest';
import { createHighlighter } from '../../../shared/rag/highlight.ts';

const marked = (query: string, content: string): string[] =>
  createHighlighter(query)(content).map(({ start, end }) => content.slice(start, end));

test.each([
  [
    'words in any inflection',
    'connecting pumps',
    'A pump, connected. Connections!',
    ['pump', 'connected', 'Connections'],
  ],
  ['nothing for little words', 'the of', 'the name of the rose', []],
  ['nothing where nothing matches', 'rudder', 'a wing', []],
  ['nothing in nothing', 'rudder', '', []],
  ['composed and wide forms', 'café lift', 'Cafe\u0301 Ｌｉｆｔ', ['Cafe\u0301', 'Ｌｉｆｔ']],
  ['words behind characters of two units', 'valve', '🙂🙂 valve', ['valve']],
  ['overlapping pairs of an unspaced script as one stretch', '文書検索', '全文書検索機', ['文書検索']],
])('finds %s', (_title, query, content, expected) => {
  expect(marked(query, content)).toEqual(expected);
});

test('highlights are ascending and never overlap', () => {
  const highlights = createHighlighter('文書 valve')('valve 文書文書 valve valve');
  for (const [index, { start, end }] of highlights.entries()) {
    expect(end).toBeGreaterThan(start);
    expect(start).toBeGreaterThanOrEqual(highlights[index - 1]?.end ?? 0);
  }
  expect(highlights.length).toBeGreaterThanOrEqual(4);
});

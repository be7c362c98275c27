import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ChunkOptions, chunkText, type TextChunk } from '../../../shared/rag/chunk.ts';
import { estimateTokens } from '../../../shared/usage/tokens.ts';

const words = (count: number) => Array.from({ length: count }, (_, index) => `w${index}`).join(' ');

/** Holds for every text and every valid option. */
function expectSound(text: string, chunks: readonly TextChunk[]): void {
  const covered = new Uint8Array(text.length);
  let previous = { start: -1, end: -1 };
  for (const [index, chunk] of chunks.entries()) {
    expect(chunk.index).toBe(index);
    expect(text.slice(chunk.start, chunk.end)).toBe(chunk.content);
    expect(chunk.content.trim()).toBe(chunk.content);
    expect(chunk.content).not.toBe('');
    expect(chunk.start).toBeGreaterThan(previous.start);
    expect(chunk.end).toBeGreaterThan(previous.end);
    covered.fill(1, chunk.start, chunk.end);
    previous = chunk;
  }
  for (let position = 0; position < text.length; position += 1) {
    if (covered[position] === 0 && /\S/.test(text.charAt(position))) {
      throw new Error(`Character ${position} of ${JSON.stringify(text)} is in no chunk.`);
    }
  }
}

const markdownText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.lorem({ maxCount: 3, mode: 'sentences' }),
      fc.constantFrom(
        '# One',
        '## Two',
        '### Three ###',
        '```',
        '~~~js',
        '====',
        '---',
        '- item',
        '| a | b |',
        '',
        '',
        ' ',
        '\t',
      ),
      fc.constantFrom('😀😀😀😀😀😀😀😀', '漢字かな交じり文。次の文！', 'x'.repeat(80), '   \n \n  ', '\u3000', 'a\r'),
    ),
    { maxLength: 30 },
  )
  .chain((lines) => fc.constantFrom('\n', '\n\n', ' ', '').map((separator) => lines.join(separator)));

const options: fc.Arbitrary<ChunkOptions> = fc
  .record({
    mode: fc.constantFrom('structural' as const, 'words' as const),
    size: fc.integer({ min: 2, max: 120 }),
    share: fc.double({ min: 0, max: 0.99, noNaN: true }),
    maxTokens: fc.option(fc.integer({ min: 4, max: 40 }), { nil: undefined }),
  })
  .map(({ mode, size, share, maxTokens }) => ({
    mode,
    size,
    overlap: Math.floor(size * share),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  }));

describe('for any text and any options', () => {
  test('nothing but white space is lost, offsets are exact, and chunks move forward', () => {
    fc.assert(
      fc.property(markdownText, options, (text, chosen) => expectSound(text, chunkText(text, chosen))),
      { numRuns: 1500 },
    );
  });

  test('no chunk is longer than allowed and no surrogate pair is cut', () => {
    fc.assert(
      fc.property(markdownText, options, (text, chosen) => {
        fc.pre(!/\p{Surrogate}/u.test(text));
        for (const { content } of chunkText(text, chosen)) {
          expect(/\p{Surrogate}/u.test(content)).toBe(false);
          if (chosen.mode === 'structural') expect(content.length).toBeLessThanOrEqual(chosen.size ?? 0);
          else expect(content.split(/\s+/u).length).toBeLessThanOrEqual(chosen.size ?? 0);
          if (chosen.maxTokens !== undefined) expect(estimateTokens(content)).toBeLessThanOrEqual(chosen.maxTokens);
        }
      }),
      { numRuns: 1500 },
    );
  });
});

describe('words', () => {
  const cut = (count: number) => chunkText(words(count), { mode: 'words', size: 500, overlap: 50 });

  test('1,200 words in chunks of 500 that share 50', () => {
    const ends = cut(1200).map(({ content }) => [content.split(' ')[0], content.split(' ').at(-1)]);
    expect(ends).toEqual([
      ['w0', 'w499'],
      ['w450', 'w949'],
      ['w900', 'w1199'],
    ]);
  });

  test.each([
    [500, 1],
    [501, 2],
    [950, 2],
    [951, 3],
  ])('%i words are %i chunks', (count, chunks) => {
    expect(cut(count)).toHaveLength(chunks);
  });

  test('know the headings they stand under', () => {
    const chunks = chunkText(`# One\n\n${words(6)}\n\n# Two\n\n${words(6)}`, { mode: 'words', size: 8, overlap: 0 });
    expect(chunks.map((chunk) => chunk.headings)).toEqual([['One'], ['Two']]);
  });
});

describe('options', () => {
  test.each([
    { size: 100, overlap: 100 },
    { size: 100, overlap: 200 },
    { size: 0 },
    { size: 10.5 },
    { overlap: -1 },
    { maxTokens: 0 },
    { mode: 'pages' as 'words' },
  ])('%o is a configuration error', (chosen) => {
    expect(() => chunkText('text', chosen)).toThrowError(expect.objectContaining({ code: 'configuration' }));
  });

  test('a small size alone takes a small overlap along', () => {
    expect(() => chunkText(words(100), { size: 100 })).not.toThrow();
  });
});

describe('structural', () => {
  test('blank text gives no chunk', () => {
    expect(chunkText('')).toEqual([]);
    expect(chunkText(' \n\t\u00a0')).toEqual([]);
  });

  test('what fits one chunk stays whole', () => {
    const text = '# Title\n\nFirst paragraph.\n\nSecond paragraph.';
    expect(chunkText(text)).toEqual([{ index: 0, content: text, start: 0, end: text.length, headings: ['Title'] }]);
  });

  test('a section opens a chunk of its own once the one before is half full', () => {
    const text = `# A\n\n${words(15)}\n\n## B\n\n${words(15)}\n\n# C\n\n${words(15)}`;
    const chunks = chunkText(text, { size: 90, overlap: 20 });
    expect(chunks.map((chunk) => [chunk.content.slice(0, 4), chunk.headings])).toEqual([
      ['# A\n', ['A']],
      ['## B', ['A', 'B']],
      ['# C\n', ['C']],
    ]);
  });

  test('a heading never ends a chunk when what follows still fits with it', () => {
    const text = `${words(8)}\n\n# Heading\n\n${words(16)}`;
    for (const chunk of chunkText(text, { size: 80, overlap: 10 })) expect(chunk.content).not.toMatch(/# Heading$/);
  });

  test('underlined headings count, lists and front matter do not make any', () => {
    const text = '---\ntitle: x\n---\n\nTitle\n=====\n\nPart\n----\n\ntext\n\n- a\n- b\n';
    expect(chunkText(text, { size: 24, overlap: 0 }).at(-1)?.headings).toEqual(['Title', 'Part']);
  });

  test('a mark inside code is not a heading, and a block that fits is kept together', () => {
    const code = '```sh\n# not a heading\nls -la\n```';
    const chunks = chunkText(`# Real\n\n${words(14)}\n\n${code}\n\n${words(10)}`, { size: 80, overlap: 0 });
    expect(chunks.some((chunk) => chunk.content.includes(code))).toBe(true);
    expect(chunks.every((chunk) => chunk.headings.join() === 'Real')).toBe(true);
  });

  test('sentences are kept whole, and the next chunk repeats the last ones', () => {
    const text = Array.from({ length: 12 }, (_, index) => `Sentence number ${index} is here.`).join(' ');
    const chunks = chunkText(text, { size: 100, overlap: 40 });
    for (const chunk of chunks) expect(chunk.content).toMatch(/^Sentence .*here\.$/);
    for (const [index, chunk] of chunks.slice(1).entries()) {
      const shared = (chunks[index]?.end ?? 0) - chunk.start;
      expect(shared).toBeGreaterThan(0);
      expect(shared).toBeLessThanOrEqual(40);
    }
  });

  test('Chinese and Japanese sentences end without a space', () => {
    const text = '第一句话在这里。第二句话在这里！第三句话在这里？';
    expect(chunkText(text, { size: 10, overlap: 0 }).map((chunk) => chunk.content)).toEqual([
      '第一句话在这里。',
      '第二句话在这里！',
      '第三句话在这里？',
    ]);
  });

  test.each([
    ['no boundary at all', 'x'.repeat(1_000_000)],
    ['nothing but surrogate pairs', '😀'.repeat(500_000)],
    ['white space between two words', `a${' '.repeat(1_000_000)}b`],
    ['blank lines', `a${'\n'.repeat(1_000_000)}b`],
    ['stops', '.'.repeat(1_000_000)],
    ['an open fence', `\`\`\`\n${'`'.repeat(1_000_000)}`],
    ['heading marks', '# '.repeat(500_000)],
    ['heading lines', '#\n'.repeat(300_000)],
    ['one-letter words', 'a '.repeat(500_000)],
    ['indented lines', '\n       '.repeat(120_000)],
  ])('comes to an end on a hostile text: %s', (_name, text) => {
    // A splitter whose time grows with the square of the text would not be done before the test's time limit.
    const chunks = chunkText(text);
    expect(chunks.length).toBeLessThan(2500);
    for (const chunk of chunks) expect(chunk.content.length).toBeLessThanOrEqual(1000);
  });
});

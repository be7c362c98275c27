import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extractText } from '../../../shared/rag/extract.ts';

const html = async (content: string) => (await extractText({ content, contentType: 'text/html' })).text;

describe('plain text and Markdown', () => {
  test.each(['text/plain', 'text/markdown', 'TEXT/Markdown; charset=utf-8', 'text/x-markdown'])(
    '%s is kept as it is',
    async (contentType) => {
      expect(await extractText({ content: '# Title\r\n\r\n1. _text_', contentType })).toEqual({
        text: '# Title\r\n\r\n1. _text_',
      });
    },
  );

  test('bytes are read as UTF-8, without a byte order mark', async () => {
    const content = Uint8Array.from([0xef, 0xbb, 0xbf, ...new TextEncoder().encode('grüße 😀')]);
    expect(await extractText({ content, contentType: 'text/plain' })).toEqual({ text: 'grüße 😀' });
  });

  test('bytes are read in the charset the media type names', async () => {
    const content = Uint8Array.from([0x67, 0x72, 0xfc, 0xdf, 0x65]);
    expect(await extractText({ content, contentType: 'text/plain; charset="ISO-8859-1"' })).toEqual({ text: 'grüße' });
  });

  test.each([
    ['utf-16le', [0xff, 0xfe, 0x66, 0x00, 0xfc, 0x00]],
    ['utf-16be', [0xfe, 0xff, 0x00, 0x66, 0x00, 0xfc]],
  ])('bytes that begin with the mark of %s are read so', async (_charset, bytes) => {
    const content = Uint8Array.from(bytes);
    expect(await extractText({ content, contentType: 'text/plain' })).toEqual({ text: 'fü' });
  });

  test.each([
    ['bytes that are not UTF-8', Uint8Array.from([0x67, 0xfc, 0x00]), 'text/plain', 'invalid_request'],
    ['half of a surrogate pair', 'a\ud83d b', 'text/plain', 'invalid_request'],
    ['an unknown charset', Uint8Array.from([1]), 'text/plain; charset=klingon', 'unsupported'],
  ])('%s are refused', async (_name, content, contentType, code) => {
    await expect(extractText({ content, contentType })).rejects.toMatchObject({ code });
  });

  test('an unknown media type is refused with the ones that are known', async () => {
    await expect(extractText({ content: 'x', contentType: 'application/x-tar' })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('text/plain, text/markdown, text/html'),
    });
  });
});

describe('HTML', () => {
  const latin = (content: string) => Buffer.from(content, 'latin1');

  test.each([
    '<meta charset=iso-8859-1><p>grün',
    `<html><head><META  name=x content="y"><meta http-equiv='Content-Type' content='text/html; charset=windows-1252'><p>grün`,
    '<?xml version="1.0" encoding="ISO-8859-1"?><html><p>grün',
  ])('is read in the charset it declares: %s', async (content) => {
    expect(await extractText({ content: latin(content), contentType: 'text/html' })).toEqual({ text: 'grün' });
  });

  test('that is UTF-8, or is said to be something else, is read so whatever it declares', async () => {
    const page = '<meta charset=iso-8859-1><p>grün';
    expect(await extractText({ content: Buffer.from(page), contentType: 'text/html' })).toEqual({ text: 'grün' });
    const contentType = 'text/html; charset=iso-8859-2';
    expect(await extractText({ content: latin('<meta charset=utf-8><p>\xb1'), contentType })).toEqual({ text: 'ą' });
  });

  test.each(['<p>grün', '<meta charset=klingon><p>grün', `${'<p>'.repeat(400)}<meta charset=latin1><p>grün`])(
    'in no charset that it declares in time is refused',
    async (content) => {
      await expect(extractText({ content: latin(content), contentType: 'text/html' })).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('charset'),
      });
    },
  );

  test('keeps headings, paragraphs and the title', async () => {
    const content = `<!doctype html><html><head><title> My &amp; page </title></head><body><h1>Head
      <em>line</em></h1><p>One   <b>two</b>.</p>three<br>four<h3>Sub<br>title</h3><p>five</body></html>`;
    expect(await extractText({ content, contentType: 'text/html' })).toEqual({
      text: '# Head line\n\nOne two.\n\nthree\nfour\n\n### Sub title\n\nfive',
      title: 'My & page',
    });
  });

  test.each([
    '<script>if (a < b) { "</p>" }</script>',
    '<style>p::after { content: "<p>" }</style>',
    '<nav><ul><li>menu</ul></nav>',
    '<footer><p>imprint</footer>',
    '<template><p>later</p></template>',
    '<noscript>turn it on</noscript>',
    '<div hidden>no<div>no</div></div>',
    '<div style="color: red; DISPLAY : none">no</div>',
    '<span aria-hidden="true">no</span>',
    '<p hidden>no',
    '<svg><title>icon</title><text>no</text></svg>',
    '<!-- <p>no</p> -->',
    '<![CDATA[no]]>',
    '<?php no ?>',
    '<select><option>no</select>',
    '<textarea><p>no</textarea>',
  ])('leaves out %s', async (content) => {
    expect(await html(`<p>before</p>${content}<p>after</p>`)).toBe('before\n\nafter');
  });

  test('keeps lists, nested and numbered, with tags left out', async () => {
    expect(
      await html('<ul><li>one<ul><li>inner<li>last</ul><li>two</ul><ol start=3><li><p>three</p><li>four</ol>'),
    ).toBe('- one\n  - inner\n  - last\n- two\n\n3. three\n4. four');
  });

  test('keeps code as it is, in a fence that it cannot end', async () => {
    const content =
      '<p>Call <code>run()</code>.<pre><code class="hljs language-js">\nif (a &lt; b) {\n  ```\n}\n</code></pre>';
    expect(await html(content)).toBe('Call `run()`.\n\n````js\nif (a < b) {\n  ```\n}\n````');
  });

  test('keeps tables', async () => {
    const content = `<table><caption>Prices</caption><thead><tr><th>Name<th>USD</tr></thead>
      <tbody><tr><td><p>a|b</p><p>c</p></td><td>1</td></tr><tr><td>d<td>2</table><p>end`;
    expect(await html(content)).toBe('Prices\n\n| Name | USD |\n| --- | --- |\n| a\\|b c | 1 |\n| d | 2 |\n\nend');
  });

  test('reads a table that is only a layout as the blocks it holds', async () => {
    expect(await html('<table><tr><td><h1>News</h1><p>text</td><td>side</td></tr></table>')).toBe(
      '# News\n\ntext\n\nside',
    );
  });

  test('resolves character references', async () => {
    expect(
      await html('&lt;b&gt; &amp;amp; &copy &eacute; &Omega; &#65;&#x1F600; &#150; &#0; &unknown; AT&T &hellip;'),
    ).toBe('<b> &amp; © é Ω A😀 – \ufffd &unknown; AT&T …');
  });

  test('knows every named reference of HTML, in texts and in attributes', async () => {
    expect(
      await html(
        '&lbbrk;&CounterClockwiseContourIntegral;&NotEqualTilde;&Zscr; &nvlt; <img alt="&lbbrk;a&amp;b&copy=c&ThickSpace;">',
      ),
    ).toBe('❲∳≂̸𝒵 <⃒ ❲a&b&copy=c');
  });

  test('reads on behind pictures whose elements close themselves', async () => {
    expect(await html('<p>one</p><svg/>two<svg><title/><style/><path/></svg><p>three')).toBe('one\n\ntwo\n\nthree');
  });

  test('takes the title of the page, references and all, and not that of a picture', async () => {
    const content = '<svg><title>icon</title></svg><title>a &lt;b&gt;\n &eacute;</title><title>c</title><p>text';
    expect(await extractText({ content, contentType: 'text/html' })).toEqual({ text: 'text', title: 'a <b> é' });
  });

  test('keeps what pictures show and what links say', async () => {
    expect(
      await html('See <a href="https://example.com/x">the <b>guide</b></a>, <img src="data:x" alt="a cat">.'),
    ).toBe('See the guide, a cat.');
  });

  test.each([
    ['word<img alt="a cat">word', 'word a cat word'],
    ['word <img alt="a cat">, and more', 'word a cat, and more'],
    ['<img alt="a cat"><img alt="a dog">', 'a cat a dog'],
    ['in<img alt="">side<img alt=" ">s<img>!', 'insides!'],
    ['<p>one<p><img alt="a cat"><p>two', 'one\n\na cat\n\ntwo'],
    ['see<br><img alt="a cat">too', 'see\na cat too'],
    ['“<img alt="a cat">” (<img alt="a dog">)', '“a cat” (a dog)'],
    ['<table><tr><td>x<img alt="a cat"><td>y</table>', '| x a cat | y |\n| --- | --- |'],
  ])('sets what a picture shows apart from the words beside it: %s', async (content, text) => {
    expect(await html(content)).toBe(text);
  });

  test('reads attributes with any quotes, and tags that end anywhere', async () => {
    expect(await html(`<p title='a > b' class=x/y>one</p foo="bar">two<p class="<p>">three`)).toBe(
      'one\n\ntwo\n\nthree',
    );
    expect(await html('a < b and c <d')).toBe('a < b and c');
    expect(await html('1 < 2 <')).toBe('1 < 2 <');
  });

  test('ignores closing tags of nothing', async () => {
    expect(await html('</div></table></p>one</li></td> two')).toBe('one two');
  });

  test('never fails, whatever the page', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constantFrom(
        ...'<p> </p> <td> <table> </table> <tr> <li> <ul> </ul> <pre> </pre> <code> <h2> <b hidden> </b> <!-- --> <script> & &#x; " \' = < >'.split(
          ' ',
        ),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const content = pieces.join('');
        fc.pre(!/\p{Surrogate}/u.test(content));
        const text = await html(content);
        expect(text.trim()).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test('keeps all visible text, however the tags are nested', async () => {
    const tag = fc.constantFrom(...'p div ul li ol table tr td th tbody b i h1 blockquote span section'.split(' '));
    const piece = fc.oneof(
      tag.map((name) => `<${name}>`),
      tag.map((name) => `</${name}>`),
      fc.constantFrom('alpha ', 'beta ', 'gamma '),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const text = await html(pieces.join(''));
        const words = (value: string) => (value.match(/alpha|beta|gamma/g) ?? []).sort().join();
        expect(words(text)).toBe(words(pieces.join('')));
      }),
      { numRuns: 1000 },
    );
  });

  test.each<[string, number, (size: number) => string]>([
    ['nested elements', 12_500, (size) => '<div>'.repeat(size)],
    ['nested elements, each closed', 12_500, (size) => `${'<div>'.repeat(size)}x${'</div>'.repeat(size)}`],
    ['emphasis never closed', 5000, (size) => '<b>x'.repeat(size)],
    ['paragraphs in emphasis never closed', 2000, (size) => `${'<b>x'.repeat(250)}${'<p>x'.repeat(size)}`],
    ['paragraphs', 20_000, (size) => '<p>'.repeat(size)],
    ['nested tables', 2000, (size) => `${'<table><tr><td>'.repeat(size)}x`],
    ['nested forms', 5000, (size) => '<form><div>'.repeat(size)],
    ['attributes', 10_000, (size) => `<p ${Array.from({ length: size }, (_, index) => `a${index}=1`).join(' ')}>x`],
    ['one attribute of many references', 20_000, (size) => `<img alt="${'&amp;'.repeat(size)}">`],
    ['items', 8000, (size) => `<ol>${'<li>a'.repeat(size)}`],
    ['line breaks in code', 200_000, (size) => `<pre>${'\n'.repeat(size)}x`],
    ['opening brackets', 30_000, (size) => '<'.repeat(size)],
    ['an open comment', 50_000, (size) => '<!--'.repeat(size)],
    ['an open quotation', 20_000, (size) => '<a b="'.repeat(size)],
    ['closing tags', 6000, (size) => `${'<i>'.repeat(500)}${'</b></td>'.repeat(size)}`],
    ['titles', 10_000, (size) => `<title>${'<title>&lt;'.repeat(size)}`],
    ['ampersands', 40_000, (size) => '&'.repeat(size)],
    ['references', 20_000, (size) => '&amp;'.repeat(size)],
  ])('comes to an end on a hostile page of %s', async (_name, size, page) => {
    // A reader whose time grows with the square of the page would not be done before the test's time limit.
    expect(typeof (await html(page(16 * size)))).toBe('string');
  });
});

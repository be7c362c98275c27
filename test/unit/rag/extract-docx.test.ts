import { describe, expect, test } from 'vitest';
import { extractText } from '../../../shared/rag/extract.ts';
import { createDocx, docxParagraph, type ZipEntry } from '../../support/office-files.ts';

const NAMESPACES = Object.entries({
  m: 'http://schemas.openxmlformats.org/officeDocument/2006/math',
  mc: 'http://schemas.openxmlformats.org/markup-compatibility/2006',
  r: 'http://schemas.openxmlformats.org/officeDocument/2006/relationships',
  v: 'urn:schemas-microsoft-com:vml',
  w: 'http://schemas.openxmlformats.org/wordprocessingml/2006/main',
  w14: 'http://schemas.microsoft.com/office/word/2010/wordml',
  wp: 'http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing',
  wps: 'http://schemas.microsoft.com/office/word/2010/wordprocessingShape',
})
  .map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`)
  .join(' ');

const read = async (body: string, more?: readonly ZipEntry[]) =>
  (
    await extractText({
      content: createDocx(body, more),
      contentType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    })
  ).text;

const element = (name: string, ...content: readonly string[]) => `<${name}>${content.join('')}</${name.split(' ')[0]}>`;
const paragraph = (...content: readonly string[]) => element(`w:p ${NAMESPACES}`, ...content);
const run = (...content: readonly string[]) => element('w:r', ...content);
const text = (words: string) => run(element('w:t xml:space="preserve"', words));

describe('a Word document keeps', () => {
  const removed = run(element('w:delText', 'old'));
  const box = (sdt: string, checked: 0 | 1) =>
    `<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="${checked}"/></w14:checkbox></w:sdtPr>${element('w:sdtContent', text(sdt))}</w:sdt>`;
  test.each([
    [
      'simple fields',
      [text('Figure '), element('w:fldSimple w:instr=" SEQ Figure "', text('7')), text(': x')],
      'Figure 7: x',
    ],
    ['content controls', [text('a '), element('w:sdt', element('w:sdtContent', text('b'))), text(' c')], 'a b c'],
    ['what is ticked', [box('☒', 1), text(' yes '), box('☐', 0), text(' no')], '☒ yes ☐ no'],
    ['insertions, not deletions', [element('w:ins', text('new')), element('w:del', removed)], 'new'],
    ['where text was moved to', [element('w:moveFrom', text('from')), element('w:moveTo', text('to'))], 'to'],
    ['smart tags and custom XML', [element('w:smartTag', text('a ')), element('w:customXml', text('b'))], 'a b'],
    [
      'links, broken ones too',
      [element('w:hyperlink w:anchor="x"', text('a ')), element('w:hyperlink r:id="none"', text('b'))],
      'a b',
    ],
    [
      'text of either direction',
      [element('w:dir w:val="rtl"', text('a ')), element('w:bdo w:val="ltr"', text('b'))],
      'a b',
    ],
    [
      'what furigana are set over',
      [run(element('w:ruby', element('w:rt', text('よみ')), element('w:rubyBase', text('読'))))],
      '読',
    ],
    ['symbols', [run('<w:sym w:font="Wingdings" w:char="F0FC"/><w:sym w:font="Symbol" w:char="F061"/>')], '✓α'],
    [
      'words with hyphens whole',
      [run('<w:t>e</w:t><w:noBreakHyphen/><w:t>mail docu</w:t><w:softHyphen/><w:t>ment</w:t>')],
      'e‑mail document',
    ],
    [
      'words apart that anything separates',
      [
        run(
          ['tab', 'br', 'cr', 'ptab', 'br w:type="page"', 'br w:type="column"']
            .map((mark) => `<w:t>x</w:t><w:${mark}/>`)
            .join(''),
          '<w:t>y</w:t>',
        ),
      ],
      'x x\nx\nx x\nx\ny',
    ],
    ['text that comments and CDATA cut', [run('<w:t>a &amp; <!-- b --><![CDATA[c & <d>]]></w:t>')], 'a & c & <d>'],
  ])('%s', async (_name, content, expected) => {
    expect(await read(paragraph(...content))).toBe(expected);
  });

  test('fields and formulas of footnotes, whatever their prefix', async () => {
    const reference = '<w:footnoteReference w:id="2"/>';
    const notes = `<x:footnotes xmlns:x="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:y="http://schemas.openxmlformats.org/officeDocument/2006/math"><x:footnote x:id="2"><x:p><x:fldSimple><x:r><x:t>Note 3: </x:t></x:r></x:fldSimple><y:oMath><y:r><y:t>a&lt;b</y:t></y:r></y:oMath></x:p></x:footnote></x:footnotes>`;
    expect(
      await read(paragraph(text('See'), run(reference)), [{ name: 'word/footnotes.xml', content: notes }]),
    ).toContain('Note 3: a<b');
  });
});

describe('a text box of a Word document', () => {
  const body = (words: string) => element('w:txbxContent', docxParagraph(words));
  const drawing = (...content: readonly string[]) =>
    element(
      'w:drawing',
      element(
        'wp:anchor',
        element(
          'a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"',
          element('a:graphicData', ...content.map((one) => element('wps:wsp', element('wps:txbx', one)))),
        ),
      ),
    );
  const picture = (words: string, shape = 'shape') =>
    element('w:pict', element(`v:${shape}`, element('v:textbox', body(words))));
  const either = (choice: string, fallback: string) =>
    element('mc:AlternateContent', element('mc:Choice Requires="wps"', choice), fallback);

  test.each([
    ['in both versions comes once', either(drawing(body('boxed')), element('mc:Fallback', picture('boxed')))],
    [
      'in the version that shows pictures otherwise',
      either(drawing(body('boxed')), element('mc:Fallback', '<w:pict/>')),
    ],
    ['in the only version', either(drawing(body('boxed')), '')],
    ['in a drawing', drawing(body('boxed'))],
    ['in an old picture', picture('boxed')],
    ['in an ellipse', picture('boxed', 'oval')],
  ])('%s is read behind its paragraph', async (_name, content) => {
    expect(await read(paragraph(text('one '), run(content), text('two')) + docxParagraph('three'))).toBe(
      'one two\n\nboxed\n\nthree',
    );
  });

  test('is read with those beside it and those in it', async () => {
    const inner = element('w:txbxContent', paragraph(text('outer'), run(drawing(body('inner')))));
    expect(await read(paragraph(run(drawing(body('first'), inner)), run(drawing(body('last')))))).toBe(
      'first\n\nouter\n\ninner\n\nlast',
    );
  });
});

describe('a formula of a Word document', () => {
  const sign = (signs: string) => element('m:r', '<m:rPr><m:sty m:val="p"/></m:rPr>', element('m:t', signs));
  const e = (...content: readonly string[]) => element('m:e', ...content);
  const part = (name: string, signs: string) => element(`m:${name}`, sign(signs));
  const fraction = (above: string, below: string) => element('m:f', part('num', above), part('den', below));
  const power = (base: string, exponent: string) => element('m:sSup', e(sign(base)), part('sup', exponent));
  const marked = (name: string, marks: Readonly<Record<string, string>>, ...content: readonly string[]) =>
    element(
      `m:${name}`,
      element(`m:${name}Pr`, ...Object.entries(marks).map(([mark, value]) => `<m:${mark} m:val="${value}"/>`)),
      ...content,
    );

  test.each([
    ['is a line', [sign('E=m'), power('c', '2')], 'E=mc^2'],
    ['keeps what is above and below', [fraction('1', '2'), fraction('a+b', '10')], '1/2(a+b)/10'],
    ['keeps brackets', [sign('f'), marked('d', {}, e(sign('x')))], 'f(x)'],
    [
      'keeps other brackets',
      [marked('d', { begChr: '{', sepChr: ';', endChr: '' }, e(sign('x')), e(sign('y')))],
      '{x;y',
    ],
    ['keeps sums', [marked('nary', { chr: '∑' }, part('sub', 'i=1'), part('sup', 'n'), e(sign('i')))], '∑_(i=1)^n i'],
    ['keeps integrals', [element('m:nary', '<m:sub/>', '<m:sup/>', e(sign('x dx')))], '∫x dx'],
    [
      'keeps roots',
      [element('m:rad', '<m:deg/>', e(sign('x+1'))), element('m:rad', part('deg', '3'), e(sign('x')))],
      '√(x+1)3√x',
    ],
    [
      'keeps limits',
      [element('m:func', element('m:fName', element('m:limLow', e(sign('lim')), part('lim', 'n→∞'))), e(sign('n')))],
      'lim_(n→∞) n',
    ],
    ['keeps accents', [marked('acc', { chr: '\u0305' }, e(sign('x')))], 'x\u0305'],
    [
      'keeps rows apart',
      [element('m:m', ...['ab', 'cd'].map((row) => element('m:mr', ...[...row].map((cell) => e(sign(cell))))))],
      'a b; c d',
    ],
    ['keeps characters that XML escapes', [sign('a &lt; b &amp; '), sign('<![CDATA[c > d]]>')], 'a < b & c > d'],
    ['leaves out what was deleted', [sign('a'), element('w:del', sign('b')), element('w:ins', sign('c'))], 'ac'],
    ['that is empty is nothing', [], ''],
  ])('%s', async (_name, content, expected) => {
    expect(await read(paragraph(text('('), element('m:oMath', ...content), text(')')))).toBe(`(${expected})`);
  });

  test('that is set apart stands on a line of its own', async () => {
    const formulas = element(
      'm:oMathPara',
      '<m:oMathParaPr/>',
      ...['a=b', 'c=d'].map((one) => element('m:oMath', sign(one))),
    );
    expect(await read(paragraph(text('So'), formulas, text('holds.')))).toBe('So\na=b\nc=d\nholds.');
  });

  test('as deep as anybody likes is read', async () => {
    const depth = 20_000;
    const deep = `${'<m:d><m:e>'.repeat(depth)}${sign('x')}${'</m:e></m:d>'.repeat(depth)}`;
    expect(await read(paragraph(element('m:oMath', deep)))).toBe(`${'('.repeat(depth)}x${')'.repeat(depth)}`);
  });

  test('or a box that nothing ends is refused with its document', async () => {
    for (const cut of ['<m:oMath><m:r>', '<w:drawing><w:txbxContent>', '<w:fldSimple>']) {
      await expect(read(`<w:p ${NAMESPACES}>${cut}</w:p>`)).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('damaged'),
      });
    }
    await expect(read(paragraph('<w:drawing><w:txbxContent>'.repeat(50_000)))).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

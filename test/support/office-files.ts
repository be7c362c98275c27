import { crc32, deflateRawSync } from 'node:zlib';

export interface PdfOptions {
  readonly title?: string;
  /** Needs a password that nobody knows. */
  readonly isEncrypted?: boolean;
}

/** A PDF with one line of text after the other on each page. */
export function createPdf(
  pages: readonly (readonly string[])[],
  { title, isEncrypted = false }: PdfOptions = {},
): Uint8Array {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${pages.map((_, index) => `${4 + 2 * index} 0 R`).join(' ')}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  for (const [index, lines] of pages.entries()) {
    const content = `BT /F1 12 Tf 72 720 Td 14 TL ${lines.map((line) => `(${line}) Tj T*`).join(' ')} ET`;
    objects.push(
      '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> ' +
        `/Contents ${5 + 2 * index} 0 R >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  }
  let trailer = '/Root 1 0 R';
  if (title !== undefined) trailer += ` /Info ${objects.push(`<< /Title (${title}) >>`)} 0 R`;
  if (isEncrypted) {
    const digest = '7'.repeat(64);
    const encrypt = `<< /Filter /Standard /V 1 /R 2 /P -4 /O <${digest}> /U <${digest}> >>`;
    trailer += ` /Encrypt ${objects.push(encrypt)} 0 R /ID [<00><00>]`;
  }
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join('')}`;
  text += `trailer\n<< /Size ${objects.length + 1} ${trailer} >>\nstartxref\n${start}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export interface ZipEntry {
  readonly name: string;
  readonly content: string | Buffer;
  /** What the archive says its size is, if not the truth. */
  readonly claimedBytes?: number;
}

export function createZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, claimedBytes } of entries) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const names = Buffer.from(name);
    const facts = Buffer.alloc(16);
    facts.writeUInt32LE(crc32(bytes), 4);
    facts.writeUInt32LE(packed.length, 8);
    facts.writeUInt32LE(claimedBytes ?? bytes.length, 12);
    const sizes = Buffer.from([names.length & 255, names.length >> 8, 0, 0]);
    const local = Buffer.concat([Buffer.from('504b0304140000000800', 'hex'), facts, sizes, names, packed]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('504b01021400140000000800', 'hex'), facts, sizes, place, names]));
    parts.push(local);
    offset += local.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('504b0506', 0, 'hex');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const WORD = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';

/** A Word document with this body in WordprocessingML. */
export function createDocx(body: string, more: readonly ZipEntry[] = []): Buffer {
  const style = (id: string, name: string) =>
    `<w:style w:type="paragraph" w:styleId="${id}"><w:name w:val="${name}"/></w:style>`;
  return createZip([
    {
      name: '[Content_Types].xml',
      content: `${XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>`,
    },
    {
      name: '_rels/.rels',
      content: `${XML}<Relationships xmlns="${RELATIONS}"><Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>`,
    },
    {
      name: 'word/_rels/document.xml.rels',
      content: `${XML}<Relationships xmlns="${RELATIONS}"><Relationship Id="s1" Type="${OFFICE}/styles" Target="styles.xml"/></Relationships>`,
    },
    {
      name: 'word/styles.xml',
      content: `${XML}<w:styles xmlns:w="${WORD}">${style('Heading1', 'heading 1')}${style('Title', 'Title')}</w:styles>`,
    },
    { name: 'word/document.xml', content: `${XML}<w:document xmlns:w="${WORD}"><w:body>${body}</w:body></w:document>` },
    ...more,
  ]);
}

/** A paragraph for `createDocx`. */
export function docxParagraph(text: string, style?: string): string {
  const properties = style === undefined ? '' : `<w:pPr><w:pStyle w:val="${style}"/></w:pPr>`;
  return `<w:p>${properties}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;
}

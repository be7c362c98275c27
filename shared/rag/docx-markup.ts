import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';
import { createFormula, type Formula } from './docx-formula.ts';

/** Bound at the root of each part to the namespace of Word's text, whatever prefix the document has for it. */
const PREFIX = 'sluice';
const NAMESPACE = ` xmlns:${PREFIX}="http://schemas.openxmlformats.org/wordprocessingml/2006/main"`;
const LINE_BREAK = `<${PREFIX}:r><${PREFIX}:br/></${PREFIX}:r>`;

/** Elements that mammoth skips with all that is in them, or trips over, and what it reads in their place. */
const READ_AS: ReadonlyMap<string, string> = new Map([
  ...['fldSimple', 'hyperlink', 'dir', 'bdo', 'ruby', 'rubyBase'].map((name) => [name, 'smartTag'] as const),
  ...['oval', 'polyline', 'arc', 'curve', 'line'].map((name) => [name, 'rect'] as const),
  ['cr', 'br'],
  ['ptab', 'tab'],
]);

/** Pieces of XML in order, nested so that none is copied before the end. */
type Pieces = (string | Pieces)[];

/** The body of a part, or of a box in a drawing. */
interface Flow {
  readonly pieces: Pieces;
  /** Boxes of drawings, until what they belong to ends. */
  boxes: Pieces;
  /** How many elements of these names are open. */
  drawing: number;
  AlternateContent: number;
  Fallback: number;
  /** Whether the version for all readers, which mammoth takes, says itself what the boxes do. */
  hasFallback: boolean;
}

const createFlow = (): Flow => ({
  pieces: [],
  boxes: [],
  drawing: 0,
  AlternateContent: 0,
  Fallback: 0,
  hasFallback: false,
});

/**
 * A part of a Word document as mammoth reads all of its text: formulas are a line of text, the text boxes of a drawing come
 * behind it, and elements that are passed over have the names of ones that are not. What is not well formed stays so. Takes
 * time in proportion to the part.
 */
export function toReadableMarkup(xml: string): string {
  const around: Flow[] = [];
  let flow = createFlow();
  let formula: Formula | undefined;
  let copied = 0;
  let name = '';
  let hasRoot = false;
  let displays = 0;
  let isValue = false;

  const replace = (start: number, end: number, content = ''): void => {
    if (formula === undefined) flow.pieces.push(xml.slice(copied, start), content);
    copied = end;
  };

  const rename = (start: number, end: number): void => {
    const readAs = READ_AS.get(name);
    if (name === 'oMathPara') replace(start, end, `${PREFIX}:smartTag`);
    else if (readAs !== undefined) replace(end - name.length, end, readAs);
  };

  const opened = (start: number, end: number): void => {
    name = localName(xml, start, end);
    if (formula !== undefined) {
      formula.opened(name);
      return;
    }
    if (!hasRoot) replace(end, end, NAMESPACE);
    hasRoot = true;
    if (name === 'oMath') {
      replace(start - 1, start - 1);
      formula = createFormula();
      formula.opened(name);
      return;
    }
    rename(start, end);
    if (name === 'oMathPara') displays += 1;
    else if (name === 'txbxContent' && flow.drawing > 0) {
      replace(start - 1, start - 1);
      around.push(flow);
      flow = createFlow();
    } else if (isCounted(name)) flow[name] += 1;
    else if (name === 't' && flow.Fallback > 0 && flow.drawing === 0) flow.hasFallback = true;
  };

  const closed = (tagEnd: number): void => {
    if (formula !== undefined) {
      if (!formula.closed()) return;
      const { line } = formula;
      formula = undefined;
      const run = line && `<${PREFIX}:r><${PREFIX}:t>${line}</${PREFIX}:t></${PREFIX}:r>`;
      copied = tagEnd;
      flow.pieces.push(displays > 0 ? `${LINE_BREAK}${run}${LINE_BREAK}` : run);
    } else if (name === 'oMathPara') displays -= 1;
    else if (name === 'txbxContent' && around.length > 0 && flow.drawing === 0) {
      const box = flow.pieces;
      replace(tagEnd, tagEnd);
      flow = around.pop() ?? flow;
      if (flow.Fallback === 0 || flow.boxes.length === 0) flow.boxes.push(box);
    } else if (isCounted(name)) {
      flow[name] -= 1;
      if (flow.drawing > 0 || flow.AlternateContent > 0) return;
      if (!flow.hasFallback && flow.boxes.length > 0) {
        replace(tagEnd, tagEnd);
        flow.pieces.push(`<${PREFIX}:pict>`, flow.boxes, `</${PREFIX}:pict>`);
      }
      flow.boxes = [];
      flow.hasFallback = false;
    }
  };

  const callbacks: TokenizerCallbacks = {
    onopentagname: opened,
    onselfclosingtag: (end) => closed(end + 1),
    onclosetag(start, end) {
      name = localName(xml, start, end);
      if (formula === undefined) rename(start, end);
      closed(xml.indexOf('>', end) + 1 || xml.length);
    },
    onattribname(start, end) {
      isValue = formula !== undefined && localName(xml, start, end) === 'val';
    },
    onattribdata(start, end) {
      if (isValue) formula?.valued(xml.slice(start, end));
    },
    ontext: (start, end) => formula?.text(xml.slice(start, end)),
    // mammoth takes a text that either of these cuts in two for damage.
    oncomment: (start, end) => replace(start - '<!--'.length, end + 1),
    oncdata(start, end, offset) {
      const text = xml
        .slice(start, end - offset)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;');
      formula?.text(text);
      replace(start - '<![CDATA['.length, end + 1, text);
    },
    onopentagend() {},
    onattribentity() {},
    onattribend() {},
    ontextentity() {},
    ondeclaration() {},
    onprocessinginstruction() {},
    onend() {},
  };
  const tokenizer = new Tokenizer({ xmlMode: true, decodeEntities: false }, callbacks);
  tokenizer.write(xml);
  tokenizer.end();
  const whole: unknown[] = [...around, flow].map(({ pieces }) => pieces);
  return [...whole, xml.slice(copied)].flat(Number.POSITIVE_INFINITY).join('');
}

function isCounted(name: string): name is 'drawing' | 'AlternateContent' | 'Fallback' {
  return name === 'drawing' || name === 'AlternateContent' || name === 'Fallback';
}

function localName(xml: string, start: number, end: number): string {
  const name = xml.slice(start, end);
  return name.slice(name.indexOf(':') + 1);
}

import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

export interface HtmlHandler {
  /** Names in lower case; of the attributes only those that say how an element is shown, references resolved. */
  opened(name: string, attributes: ReadonlyMap<string, string>): void;
  closed(name: string): void;
  /** A piece of text, references resolved; a text comes in as many pieces as it has references, and some more. */
  text(text: string): void;
  /** Whether what comes next is SVG or MathML, where any tag may close itself and no element holds raw text. */
  isForeign(): boolean;
}

const KEPT_ATTRIBUTES: ReadonlySet<string> = new Set(['hidden', 'aria-hidden', 'style', 'alt', 'class', 'start']);
const LONGEST_KEPT = Math.max(...[...KEPT_ATTRIBUTES].map((name) => name.length));

const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

/**
 * Reports the tags and texts of a page in order. Accepts anything: what is no tag is text, and a tag that is cut off is
 * left out.
 *
 * Uses the tokenizer of htmlparser2 and not its `Parser`, whose own list of open elements is moved as a whole with each
 * tag, so that its time grows with the square of the depth of a page.
 */
export function readHtml(html: string, handler: HtmlHandler): void {
  let name = '';
  let attributes: Map<string, string> | undefined;
  let attribute: { readonly name: string; value: string } | undefined;

  const opened = (): void => handler.opened(name, attributes ?? NO_ATTRIBUTES);

  const callbacks: TokenizerCallbacks = {
    onopentagname(start, end) {
      name = html.slice(start, end).toLowerCase();
      attributes = undefined;
    },
    onattribname(start, end) {
      const key = end - start > LONGEST_KEPT ? '' : html.slice(start, end).toLowerCase();
      attribute = KEPT_ATTRIBUTES.has(key) && !attributes?.has(key) ? { name: key, value: '' } : undefined;
    },
    onattribdata(start, end) {
      if (attribute !== undefined) attribute.value += html.slice(start, end);
    },
    onattribentity(code) {
      if (attribute !== undefined) attribute.value += String.fromCodePoint(code);
    },
    onattribend() {
      if (attribute === undefined) return;
      attributes ??= new Map();
      attributes.set(attribute.name, attribute.value);
      attribute = undefined;
    },
    onopentagend: opened,
    onselfclosingtag() {
      opened();
      if (handler.isForeign()) handler.closed(name);
    },
    onclosetag: (start, end) => handler.closed(html.slice(start, end).toLowerCase()),
    ontext: (start, end) => handler.text(html.slice(start, end)),
    ontextentity: (code) => handler.text(String.fromCodePoint(code)),
    isInForeignContext: () => handler.isForeign(),
    // No reader of the page sees these.
    oncdata() {},
    oncomment() {},
    ondeclaration() {},
    onprocessinginstruction() {},
    onend() {},
  };

  const tokenizer = new Tokenizer({}, callbacks);
  tokenizer.write(html);
  tokenizer.end();
}

export interface OpenElement {
  readonly name: string;
  /** It or one around it is not shown. */
  readonly hidden: boolean;
}

/** The elements that are open while a page is read, with HTML's rules on which tags close which. */
export interface ElementStack {
  readonly hidden: boolean;
  /** How many elements of that name are open. */
  count(name: string): number;
  /** The elements the new tag closes by itself, innermost first. */
  beforeOpen(name: string): OpenElement[];
  /** Whether the element is kept track of, so that its end will be reported; one without content has no end. */
  open(element: OpenElement): boolean;
  /** The elements the closing tag ends, innermost first; none when it closes nothing. */
  close(name: string): OpenElement[];
  closeAll(): OpenElement[];
}

const VOID: ReadonlySet<string> = new Set(
  'area base br col embed hr img input link meta param source track wbr'.split(' '),
);

/** Blocks end an open paragraph. */
const ENDS_PARAGRAPH: ReadonlySet<string> = new Set(
  (
    'address article aside blockquote center details dir div dl dt dd fieldset figcaption figure footer form h1 h2 h3 h4 h5 ' +
    'h6 header hr li main menu nav ol p pre section summary table ul'
  ).split(' '),
);

/** Which open elements a tag closes, and the element the search for them ends at. */
const CLOSES: Readonly<Record<string, { readonly names: readonly string[]; readonly within: readonly string[] }>> = {
  li: { names: ['li'], within: ['ul', 'ol', 'menu'] },
  dt: { names: ['dt', 'dd'], within: ['dl'] },
  dd: { names: ['dt', 'dd'], within: ['dl'] },
  option: { names: ['option'], within: ['select'] },
  tr: { names: ['tr', 'td', 'th', 'caption'], within: ['table'] },
  td: { names: ['td', 'th'], within: ['tr', 'table'] },
  th: { names: ['td', 'th'], within: ['tr', 'table'] },
  thead: { names: ['tr', 'thead', 'tbody', 'tfoot', 'caption'], within: ['table'] },
  tbody: { names: ['tr', 'thead', 'tbody', 'tfoot', 'caption'], within: ['table'] },
  tfoot: { names: ['tr', 'thead', 'tbody', 'tfoot', 'caption'], within: ['table'] },
};

const PARAGRAPH = { names: ['p'], within: ['table', 'td', 'th', 'caption', 'button', 'object', 'template'] };

/** Browsers stop here as well. Elements below it are not tracked, which only absurd pages notice. */
const MAX_DEPTH = 512;

export function createElementStack(): ElementStack {
  const stack: OpenElement[] = [];
  const counts = new Map<string, number>();
  const count = (name: string): number => counts.get(name) ?? 0;

  const popTo = (length: number): OpenElement[] => {
    const closed = stack.splice(length).reverse();
    for (const { name } of closed) counts.set(name, count(name) - 1);
    return closed;
  };

  /** Down to the outermost of the named elements that is not beyond a border. */
  const popWithin = ({ names, within }: { names: readonly string[]; within: readonly string[] }): OpenElement[] => {
    if (!names.some((name) => count(name) > 0)) return [];
    let length = stack.length;
    for (let index = stack.length - 1; index >= 0; index -= 1) {
      const name = stack[index]?.name ?? '';
      if (within.includes(name)) break;
      if (names.includes(name)) length = index;
    }
    return popTo(length);
  };

  return {
    get hidden() {
      return stack.at(-1)?.hidden ?? false;
    },
    count,
    beforeOpen(name) {
      const rule = CLOSES[name];
      return [
        ...(ENDS_PARAGRAPH.has(name) ? popWithin(PARAGRAPH) : []),
        ...(rule === undefined ? [] : popWithin(rule)),
      ];
    },
    open(element) {
      if (VOID.has(element.name)) return true;
      if (stack.length >= MAX_DEPTH) return false;
      stack.push(element);
      counts.set(element.name, count(element.name) + 1);
      return true;
    },
    close(name) {
      if (count(name) === 0) return [];
      const index = stack.findLastIndex((element) => element.name === name);
      // The end of something inline does not end the cell or the item it was forgotten outside of.
      const border = stack.findLastIndex((element) => element.name === 'td' || element.name === 'th');
      return index < border && !TABLE.has(name) ? [] : popTo(index);
    },
    closeAll: () => popTo(0),
  };
}

const TABLE: ReadonlySet<string> = new Set(['table', 'thead', 'tbody', 'tfoot', 'tr', 'td', 'th', 'body', 'html']);

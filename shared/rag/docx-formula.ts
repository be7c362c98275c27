/** A Word formula (Office Math) that is being read, as one line of text. Names are without their prefix. */
export interface Formula {
  opened(name: string): void;
  /** The attribute `val` of the element that was opened last. */
  valued(value: string): void;
  text(text: string): void;
  /** Whether that was the end of the formula. */
  closed(): boolean;
  readonly line: string;
}

interface Part {
  readonly name: string;
  text: string;
  /** What its properties name: operator or accent, brackets and what is between. */
  readonly marks: Partial<Record<string, string>>;
}

const MARKS: ReadonlySet<string> = new Set(['chr', 'begChr', 'sepChr', 'endChr']);

/** The shape of a formula says what its signs do not: `x^2`, `(a+b)/c`, `√(x+1)`, `∑_(i=1)^n i`. */
export function createFormula(): Formula {
  const root: Part = { name: '', text: '', marks: {} };
  const open: Part[] = [root];
  return {
    opened(name) {
      open.push({ name, text: '', marks: {} });
    },
    valued(value) {
      const { name = '' } = open.at(-1) ?? {};
      // They stand in the properties of the part they belong to.
      const owner = MARKS.has(name) ? open.at(-3) : undefined;
      if (owner !== undefined) owner.marks[name] = value;
    },
    text(text) {
      const part = open.at(-1);
      if (part?.name === 't') part.text += text;
    },
    closed() {
      const part = open.pop();
      const outer = open.at(-1) ?? root;
      if (part !== undefined) outer.text += toLine(part, outer);
      return open.length <= 1;
    },
    get line() {
      return root.text;
    },
  };
}

function toLine({ name, text, marks }: Part, outer: Part): string {
  switch (name) {
    case 'num':
      return group(text);
    case 'den':
      return `/${group(text)}`;
    case 'sup':
      return text && `^${group(text)}`;
    case 'sub':
    case 'lim':
      return text && `_${group(text)}`;
    case 'd':
      return `${marks.begChr ?? '('}${text}${marks.endChr ?? ')'}`;
    case 'nary':
      return `${marks.chr ?? '∫'}${text}`;
    case 'acc':
      return `${text}${marks.chr ?? '\u0302'}`;
    case 'e':
      return outer.name === 'rad' ? `√${group(text)}` : `${between(outer)}${text}`;
    case 'mr':
      return `${outer.text && '; '}${text}`;
    case 'br':
    case 'tab':
      return ' ';
    // What was taken out of it under tracked changes.
    case 'del':
    case 'moveFrom':
      return '';
    default:
      return text;
  }
}

function between({ name, text, marks }: Part): string {
  if (text === '') return '';
  if (name === 'd') return marks.sepChr ?? '|';
  return name === 'eqArr' ? '; ' : ' ';
}

/** Not looked at when it is long, so that a deep formula takes no longer than a wide one. */
const LONGEST_SINGLE = 16;

function group(text: string): string {
  return text.length <= LONGEST_SINGLE && /^(?:.?|\d+)$/su.test(text) ? text : `(${text})`;
}

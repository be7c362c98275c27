import type { Token, Tokens } from 'marked';
import type { ComponentChild } from 'preact';
import { toSafeLink } from './safe-link.ts';

/** What a number in brackets opens; undefined for one that cites nothing. */
export type CitationLookup = (index: number) => { readonly label: string; open(): void } | undefined;

const CITED = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

export function toInline(tokens: readonly Token[], citations: CitationLookup): ComponentChild[] {
  return tokens.map((token) => toChild(token, citations));
}

function toChild(token: Token, citations: CitationLookup): ComponentChild {
  const inside = () => toInline(('tokens' in token && token.tokens) || [], citations);
  switch (token.type) {
    case 'strong':
      return <strong>{inside()}</strong>;
    case 'em':
      return <em>{inside()}</em>;
    case 'del':
      return <del>{inside()}</del>;
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return toLink((token as Tokens.Link).href, inside());
    case 'image': {
      const { href, text } = token as Tokens.Image;
      return toLink(href, [`Image: ${text || href}`]);
    }
    case 'text':
      return 'tokens' in token && token.tokens
        ? inside()
        : withCitations(decode((token as Tokens.Text).text), citations);
    case 'escape':
      return (token as Tokens.Escape).text;
    default:
      return token.raw;
  }
}

function toLink(address: string, children: ComponentChild[]): ComponentChild {
  const href = toSafeLink(address);
  if (href === undefined) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

/** `[1]` and `[1, 2]` become buttons where they cite something. */
function withCitations(text: string, citations: CitationLookup): ComponentChild[] {
  const parts: ComponentChild[] = [];
  let rest = text;
  for (let found = CITED.exec(rest); found !== null; found = CITED.exec(rest)) {
    parts.push(rest.slice(0, found.index), ...toButtons(found, citations));
    rest = rest.slice(found.index + found[0].length);
  }
  parts.push(rest);
  return parts;
}

function toButtons([raw, list = '']: RegExpExecArray, citations: CitationLookup): ComponentChild[] {
  const cited = list.split(',').map((text) => [Number(text), citations(Number(text))] as const);
  if (cited.some(([, target]) => target === undefined)) return [raw];
  return cited.map(([index, target]) => (
    <button
      key={index}
      type="button"
      class="cite"
      aria-label={`Source ${index}: ${target?.label}`}
      onClick={target?.open}
    >
      {index}
    </button>
  ));
}

/** The parser leaves entities for a browser to decode, which never sees this text as HTML. */
function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,4}));/gi, (raw, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? raw;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : raw;
  });
}

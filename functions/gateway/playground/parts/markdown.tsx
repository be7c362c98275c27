import type { Token } from 'marked';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type CitationLookup, MarkdownBlock } from './markdown-block.tsx';

type Lex = (text: string) => readonly Token[];

let loading: Promise<Lex> | undefined;
/** Known at once by every text after the first: none is shown plain for a moment, and then moves. */
let loaded: Lex | undefined;

/** The parser is half of the page, so the page does not wait for it; asked for early, it is there by the first answer. */
export function loadLexer(): Promise<Lex> {
  loading ??= import('marked').then(({ Lexer }) => {
    loaded = (text) => new Lexer({ gfm: true, breaks: true }).lex(text);
    return loaded;
  });
  return loading;
}

export interface MarkdownProps {
  readonly text: string;
  readonly citations: CitationLookup;
}

/**
 * Markdown as elements. No HTML is ever made of a text: HTML inside it is shown as the characters it is, images are
 * named and not loaded, and links lead to the web or to an address for mail.
 */
export function Markdown({ text, citations }: MarkdownProps) {
  const [lex, setLex] = useState(() => loaded);
  useEffect(() => {
    void loadLexer().then((lexer) => setLex(() => lexer));
  }, []);
  const blocks = useMemo(() => lex?.(text), [lex, text]);
  if (blocks === undefined) return <div class="prose plain">{text}</div>;
  return (
    <div class="prose">
      {blocks.map((token, index) => (
        <MarkdownBlock key={index} token={token} citations={citations} />
      ))}
    </div>
  );
}

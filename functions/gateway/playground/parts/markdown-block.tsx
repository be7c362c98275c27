import type { Token, Tokens } from 'marked';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { CodeBlock } from './code-block.tsx';
import { type CitationLookup, toInline } from './markdown-inline.tsx';

export type { CitationLookup } from './markdown-inline.tsx';

/** One block of a text. While a text grows, only its last block is made anew. */
export function MarkdownBlock({ token, citations }: { readonly token: Token; readonly citations: CitationLookup }) {
  return useMemo(() => toBlock(token, citations), [token.raw, citations]);
}

function toBlocks(tokens: readonly Token[], citations: CitationLookup) {
  return tokens.map((token) => toBlock(token, citations));
}

function toBlock(token: Token, citations: CitationLookup): VNode | null {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading': {
      // The page has its own headings above: an answer's begin below them.
      const Heading = `h${Math.min(6, (token as Tokens.Heading).depth + 2)}` as 'h3';
      return <Heading>{toInline(token.tokens ?? [], citations)}</Heading>;
    }
    case 'code':
      return <CodeBlock code={(token as Tokens.Code).text} language={(token as Tokens.Code).lang ?? ''} />;
    case 'blockquote':
      return <blockquote>{toBlocks(token.tokens ?? [], citations)}</blockquote>;
    case 'list':
      return toList(token as Tokens.List, citations);
    case 'table':
      return toTable(token as Tokens.Table, citations);
    case 'hr':
      return <hr />;
    case 'text':
      return <>{toInline(token.tokens ?? [token], citations)}</>;
    case 'paragraph':
      return <p>{toInline(token.tokens ?? [], citations)}</p>;
    default:
      return <p>{token.raw}</p>;
  }
}

function toList({ ordered, start, items }: Tokens.List, citations: CitationLookup): VNode {
  const children = items.map((item) => (
    <li key={item.raw}>
      {item.task ? `${item.checked ? '☑' : '☐'} ` : ''}
      {toBlocks(
        item.tokens.filter(({ type }) => type !== 'checkbox'),
        citations,
      )}
    </li>
  ));
  return ordered ? <ol start={Number(start) || 1}>{children}</ol> : <ul>{children}</ul>;
}

function toTable({ header, rows, align }: Tokens.Table, citations: CitationLookup): VNode {
  const classOf = (column: number) => `align-${align[column] ?? 'left'}`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls, and keys must be able to scroll it.
    <section class="table-scroll" tabIndex={0} aria-label="Table">
      <table>
        <thead>
          <tr>
            {header.map((cell, column) => (
              <th key={column} class={classOf(column)}>
                {toInline(cell.tokens, citations)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} class={classOf(column)}>
                  {toInline(cell.tokens, citations)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

import type { ExtractedText, ExtractSource } from './extract.ts';
import { createElementStack, type OpenElement } from './html-elements.ts';
import { readHtml } from './html-reader.ts';
import { createTables } from './html-table.ts';
import { createMarkdownWriter } from './markdown-writer.ts';

/** What no reader of the page sees, or what every page of a site repeats. */
const REMOVED: ReadonlySet<string> = new Set(
  (
    'script style template noscript nav footer iframe object svg canvas dialog select textarea title math audio video ' +
    'noembed noframes datalist'
  ).split(' '),
);

/** Elements that stand on lines of their own, and how many line breaks set them apart. */
const BREAKS: Readonly<Record<string, 1 | 2>> = Object.fromEntries([
  ...'li dt dd tr br summary legend option'.split(' ').map((name) => [name, 1]),
  ...(
    'p div h1 h2 h3 h4 h5 h6 ul ol dl table caption blockquote section article header main aside figure figcaption address ' +
    'form fieldset details pre hr center body'
  )
    .split(' ')
    .map((name) => [name, 2]),
]);

const HEADINGS = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
const MAX_INDENT = 16;

/**
 * HTML as Markdown: headings, lists, code and tables stay; scripts, navigation, footers and hidden elements go, and so
 * do emphasis and the targets of links, which say nothing about what a text is about.
 *
 * htmlparser2 reads the tags, the texts and the character references. Which elements are open and the Markdown are
 * written here, because converters that build a tree do not finish on hostile pages: turndown had not read 200,000
 * nested elements after ten minutes. This takes time in proportion to the page, however broken it is.
 */
export function extractHtml(source: ExtractSource): ExtractedText {
  const elements = createElementStack();
  const tables = createTables();
  const page = createMarkdownWriter();
  const lists: { readonly ordered: boolean; next: number }[] = [];
  let code: { text: string; language: string } | undefined;
  let title: string | undefined;
  let inTitle = false;

  const writer = () => tables.cell ?? page;

  const setIndent = (): void => writer().indent('  '.repeat(Math.min(lists.length, MAX_INDENT)));

  /** Within a list lines follow each other, so that the list stays in one piece. */
  const breakAround = (name: string): void => {
    const breaks = BREAKS[name];
    if (breaks !== undefined) writer().breakLine(lists.length > 0 ? 1 : breaks);
  };

  const opened = (name: string, attributes: ReadonlyMap<string, string>): void => {
    if (name === 'br' && HEADINGS.some((heading) => elements.count(heading) > 0)) writer().text(' ');
    else breakAround(name);
    if (HEADINGS.includes(name)) writer().mark(`${'#'.repeat(Number(name.charAt(1)))} `);
    else if (name === 'ul' || name === 'ol') {
      const first = Number.parseInt(attributes.get('start') ?? '1', 10);
      lists.push({ ordered: name === 'ol', next: Number.isNaN(first) ? 1 : first });
      setIndent();
    } else if (name === 'li') writer().mark(itemMark());
    else if (name === 'pre') code = { text: '', language: languageOf(attributes) };
    else if (name === 'code' && code !== undefined) code.language ||= languageOf(attributes);
    else if (name === 'code') writer().text('`');
    else if (name === 'br' && code !== undefined) code.text += '\n';
    else if (name === 'img') writer().picture(attributes.get('alt') ?? '');
    else tables.opened(name);
  };

  const itemMark = (): string => {
    const list = lists.at(-1);
    const indent = '  '.repeat(Math.min(Math.max(0, lists.length - 1), MAX_INDENT));
    if (list?.ordered !== true) return `${indent}- `;
    list.next += 1;
    return `${indent}${list.next - 1}. `;
  };

  const closed = ({ name, hidden }: OpenElement): void => {
    if (name === 'title') inTitle = false;
    if (hidden) return;
    if (name === 'pre' && code !== undefined) {
      writer().block(toFence(code));
      code = undefined;
    } else if (name === 'code' && code === undefined) writer().text('`');
    else if (name === 'ul' || name === 'ol') {
      lists.pop();
      setIndent();
    } else tables.closed(name, page);
    breakAround(name);
  };

  const isForeign = (): boolean =>
    (elements.count('svg') > 0 || elements.count('math') > 0) && elements.count('foreignobject') === 0;

  readHtml(source.text(), {
    isForeign,
    opened(name, attributes) {
      for (const element of elements.beforeOpen(name)) closed(element);
      const hidden = elements.hidden || isHidden(name, attributes);
      const titled = name === 'title' && title === undefined && !isForeign();
      if (!elements.open({ name, hidden })) return;
      if (titled) {
        title = '';
        inTitle = true;
      }
      if (!hidden) opened(name, attributes);
    },
    closed(name) {
      for (const element of elements.close(name)) closed(element);
    },
    text(text) {
      if (inTitle) title += text;
      else if (elements.hidden) return;
      else if (code !== undefined) code.text += text;
      else writer().text(text);
    },
  });
  for (const element of elements.closeAll()) closed(element);
  const text = page.finish().trim();
  const heading = title?.replace(/\s+/g, ' ').trim() ?? '';
  return heading === '' ? { text } : { text, title: heading };
}

function isHidden(name: string, attributes: ReadonlyMap<string, string>): boolean {
  if (REMOVED.has(name) || attributes.has('hidden') || attributes.get('aria-hidden') === 'true') return true;
  return /display\s*:\s*none|visibility\s*:\s*hidden/i.test(attributes.get('style') ?? '');
}

function languageOf(attributes: ReadonlyMap<string, string>): string {
  return /(?:^|\s)lang(?:uage)?-([\w+#-]{1,20})/.exec(attributes.get('class') ?? '')?.[1] ?? '';
}

/** A code block in a fence longer than any inside it. */
function toFence({ text, language }: { text: string; language: string }): string {
  const code = text.replace(/^\r?\n/, '').trimEnd();
  if (code === '') return '';
  const longest = (code.match(/`{3,}/g) ?? []).reduce((length, run) => Math.max(length, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

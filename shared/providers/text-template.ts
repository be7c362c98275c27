/**
 * A JSON text with gaps inside some of its strings. Text that is the same around the gaps and holds a string's content in
 * each parses to the same value but for those strings: the events of a stream, which differ in little else, are
 * understood by a comparison instead of being parsed one by one.
 */
export type TextTemplate = readonly string[];

/** What stands in a gap while a template is made: one character that needs no escape. */
export const GAP_TEXT = 'x';

/**
 * The text around the content of the string after `opening` (such as `"content":"`), and around that of the string after
 * `padding`, when that comes later. Undefined when there is no `opening`, when there are several of either, or when the
 * text is not on one line.
 */
export function findTemplate(json: string, opening: string, padding: string): TextTemplate | undefined {
  if (LINE_END.test(json)) return undefined;
  const parts: string[] = [];
  let from = 0;
  for (const start of json.includes(padding) ? [opening, padding] : [opening]) {
    const at = json.indexOf(start);
    if (at < from || json.indexOf(start, at + 1) !== -1) return undefined;
    const gap = at + start.length;
    const content = STRING_CONTENT.exec(json.slice(gap));
    if (content === null) return undefined;
    parts.push(json.slice(from, gap));
    from = gap + content[0].length;
  }
  return [...parts, json.slice(from)];
}

/** The template as text, with `GAP_TEXT` in every gap. */
export function toProbe(template: TextTemplate): string {
  return template.join(GAP_TEXT);
}

/** What stands in the gaps, as JSON writes it; undefined when the text is another one or a gap holds no string's content. */
export function matchTemplate(template: TextTemplate, json: string): string[] | undefined {
  const first = template[0] as string;
  const last = template[template.length - 1] as string;
  if (json.length < first.length + last.length || !json.startsWith(first) || !json.endsWith(last)) return undefined;
  const end = json.length - last.length;
  const contents: string[] = [];
  let from = first.length;
  for (let gap = 1; gap < template.length - 1; gap += 1) {
    const between = template[gap] as string;
    const at = json.indexOf(between, from);
    if (at === -1 || at + between.length > end) return undefined;
    contents.push(json.slice(from, at));
    from = at + between.length;
  }
  contents.push(json.slice(from, end));
  return contents.every(isContent) ? contents : undefined;
}

export function fillTemplate(template: TextTemplate, contents: readonly string[]): string {
  let text = template[0] as string;
  for (let gap = 1; gap < template.length; gap += 1) text += (contents[gap - 1] as string) + (template[gap] as string);
  return text;
}

function isContent(text: string): boolean {
  return PLAIN.test(text) || ESCAPED.test(text);
}

const LINE_END = /[\r\n]/;
/** Everything that a string may hold without an escape; JSON forbids control characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const PLAIN = /^[^"\\\u0000-\u001f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const ESCAPED = /^(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*$/;
/** As far as the quote that ends the string. */
const STRING_CONTENT = /^(?:[^"\\]|\\.)*(?=")/;

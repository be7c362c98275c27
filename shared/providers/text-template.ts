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
export function findTemplate(json: string, opening: string, padding?: string): TextTemplate | undefined {
  if (LINE_END.test(json)) return undefined;
  const parts: string[] = [];
  let from = 0;
  for (const start of padding !== undefined && json.includes(padding) ? [opening, padding] : [opening]) {
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

const LINE_END = /[\r\n]/;
/** As far as the quote that ends the string. */
const STRING_CONTENT = /^(?:[^"\\]|\\.)*(?=")/;

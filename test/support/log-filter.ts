type Line = Readonly<Record<string, unknown>>;

const TOKEN = /\s*(\(|\)|AND\b|OR\b|NOT\b|(jsonPayload\.[a-z_]+)\s*(>=|<=|=|>|<|:)\s*("[^"]*"|\*|[\w.]+))/y;

/**
 * Cloud Logging's filter language (https://cloud.google.com/logging/docs/view/logging-query-language), as far as the
 * metrics of `infra` use it.
 * @throws for anything else, so that no filter is taken for one that it is not.
 */
export function parseLogFilter(text: string): (line: Line) => boolean {
  const tokens = tokenize(text);
  let position = 0;
  const next = () => tokens[position]?.[1];

  const parseAny = (): ((line: Line) => boolean) => {
    const parts = [parseAll()];
    while (next() === 'OR') {
      position += 1;
      parts.push(parseAll());
    }
    return (line) => parts.some((part) => part(line));
  };
  const parseAll = (): ((line: Line) => boolean) => {
    const parts = [parseOne()];
    while (next() === 'AND') {
      position += 1;
      parts.push(parseOne());
    }
    return (line) => parts.every((part) => part(line));
  };
  const parseOne = (): ((line: Line) => boolean) => {
    const token = tokens[position];
    position += 1;
    if (token?.[1] === 'NOT') {
      const inner = parseOne();
      return (line) => !inner(line);
    }
    if (token?.[1] === '(') {
      const inner = parseAny();
      if (next() !== ')') throw new Error(`A bracket is not closed in: ${text}`);
      position += 1;
      return inner;
    }
    if (token?.[2] === undefined) throw new Error(`Not understood: ${text}`);
    return toComparison(token[2].slice('jsonPayload.'.length), token[3] ?? '', token[4] ?? '');
  };

  const filter = parseAny();
  if (position < tokens.length) throw new Error(`Not understood from its token ${position} on: ${text}`);
  return filter;
}

function tokenize(text: string): RegExpExecArray[] {
  const tokens: RegExpExecArray[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    tokens.push(match);
    end = TOKEN.lastIndex;
  }
  if (text.slice(end).trim() !== '') throw new Error(`Not understood: ${text.slice(end)}`);
  return tokens;
}

/** A field that is not there matches nothing. */
function toComparison(field: string, operator: string, written: string): (line: Line) => boolean {
  if (operator === ':') {
    if (written !== '*') throw new Error('Of the operator `:` only presence is understood.');
    return (line) => line[field] != null;
  }
  const value: unknown = written === '*' ? undefined : JSON.parse(written);
  return (line) => {
    const found = line[field];
    if (found == null || typeof found !== typeof value) return false;
    if (operator === '=') return found === value;
    const [left, right] = [found as number, value as number];
    if (operator === '>') return left > right;
    if (operator === '<') return left < right;
    return operator === '>=' ? left >= right : left <= right;
  };
}

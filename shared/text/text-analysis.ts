import { stem } from './porter-stemmer.ts';

/** One distinct word of a text: what it is compared by, and how often it occurs. */
export interface Term {
  readonly stem: string;
  readonly count: number;
}

/** Longer runs are data, not words (base64, hashes); what distinguishes them is in their beginning. */
const MAX_WORD_LENGTH = 64;

const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again all also am an and any are as at be because been before being below between both but by ' +
    'can could did do does doing down during each few for from further had has have having he her here hers him his how ' +
    'i if in into is it its itself just me more most my no nor not now of off on once only or other our out over own ' +
    'same she should so some such than that the their them then there these they this those through to too under until ' +
    'up very was we were what when where which while who whom why will with would you your'
  ).split(' '),
);

/**
 * The distinct words of a text in the order they first occur: lower case, NFKC, without English stop words, English
 * words stemmed. Scripts that are written without spaces are cut into pairs of characters. A text of nothing but stop
 * words keeps them; one without any word at all gives its characters, so that only white space is empty.
 */
export function analyze(text: string): Term[] {
  const words = toWords(text);
  const content = words.filter((word) => !STOP_WORDS.has(word));
  const counts = new Map<string, number>();
  for (const word of content.length > 0 ? content : words) {
    const key = stem(word);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Array.from(counts, ([key, count]) => ({ stem: key, count }));
}

/** Words as they are, lower case and NFKC, with unspaced scripts in overlapping pairs. */
export function toWords(text: string): string[] {
  const normalized = text.normalize('NFKC').replaceAll(SOFT_HYPHEN, '').toLowerCase();
  const words: string[] = [];
  for (const [run] of normalized.matchAll(RUN)) {
    if (UNSPACED.test(run)) words.push(...toPairs(run));
    else words.push(run.slice(0, MAX_WORD_LENGTH));
  }
  return words.length > 0 ? words : (normalized.match(/\S/gu) ?? []).slice(0, MAX_WORD_LENGTH);
}

/** A word and where it stands: UTF-16 offsets into the text as it was given. */
export interface LocatedWord {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/** The words of a text, as `toWords` gives them, and their places. Pairs of characters overlap. */
export function locateWords(text: string): LocatedWord[] {
  // Most texts are, and then there is nothing to normalise and a simpler pattern does.
  if (ASCII.test(text)) {
    return Array.from(text.matchAll(ASCII_RUN), ({ 0: run, index }) => ({
      word: run.toLowerCase().slice(0, MAX_WORD_LENGTH),
      start: index,
      end: index + run.length,
    }));
  }
  return [...text.matchAll(RUN)].flatMap(({ 0: run, index }) => {
    const end = index + run.length;
    if (!UNSPACED.test(run)) return toWords(run).map((word) => ({ word, start: index, end }));
    const characters = [...run.matchAll(/./gsu)].map(({ 0: character, index: offset }) => ({
      start: index + offset,
      end: index + offset + character.length,
    }));
    const pairs = characters
      .slice(1)
      .map(({ end }, position) => ({ start: characters[position]?.start ?? index, end }));
    return (pairs.length > 0 ? pairs : characters).flatMap(({ start, end }) =>
      toWords(text.slice(start, end)).map((word) => ({ word, start, end })),
    );
  });
}

/** Where a word may be broken at the end of a line; it is no end of the word. */
const SOFT_HYPHEN = '\u00ad';

const RUN = /[\p{L}\p{N}\p{M}\u00ad]+/gu;

const ASCII = /^[\0-\x7f]*$/;

const ASCII_RUN = /[A-Za-z0-9]+/g;

const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function toPairs(run: string): string[] {
  const characters = Array.from(run);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

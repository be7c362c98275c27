/**
 * Porter's suffix stripping for English (M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980), so that
 * "connected", "connecting" and "connections" are one feature.
 *
 * @param word lower case. Anything that is not all `a` to `z`, or shorter than three letters, is returned as it is.
 */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word;
  return stripFinal(stripEndings(stripInflection(stripPlural(word))));
}

/** Steps 2, 3: suffixes that become shorter ones where at least one vowel-consonant pair stays. */
const STEP_2: readonly (readonly [string, string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
];

const STEP_3: readonly (readonly [string, string])[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];

/** Step 4: suffixes that go altogether where at least two pairs stay. The longest that matches decides. */
const STEP_4 = /(ement|ance|ence|able|ible|ment|ant|ent|ism|ate|iti|ous|ive|ize|al|er|ic|ou|(?<=[st])ion)$/;

function stripPlural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2);
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

function stripInflection(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const ending = word.endsWith('ed') ? 2 : word.endsWith('ing') ? 3 : 0;
  const base = word.slice(0, word.length - ending);
  if (ending === 0 || !hasVowel(base)) return yToI(word);
  if (/(at|bl|iz)$/.test(base)) return `${base}e`;
  if (endsInDouble(base) && !/[lsz]$/.test(base)) return yToI(base.slice(0, -1));
  return yToI(measure(base) === 1 && endsShort(base) ? `${base}e` : base);
}

function yToI(word: string): string {
  return word.endsWith('y') && hasVowel(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

function stripEndings(word: string): string {
  const reduced = replace(replace(word, STEP_2), STEP_3);
  const suffix = STEP_4.exec(reduced)?.[1];
  if (suffix === undefined) return reduced;
  const base = reduced.slice(0, -suffix.length);
  return measure(base) > 1 ? base : reduced;
}

function replace(word: string, rules: readonly (readonly [string, string])[]): string {
  let longest: readonly [string, string] | undefined;
  for (const rule of rules) {
    if (word.endsWith(rule[0]) && rule[0].length > (longest?.[0].length ?? 0)) longest = rule;
  }
  if (longest === undefined) return word;
  const base = word.slice(0, -longest[0].length);
  return measure(base) > 0 ? base + longest[1] : word;
}

function stripFinal(word: string): string {
  let result = word;
  if (result.endsWith('e')) {
    const base = result.slice(0, -1);
    const pairs = measure(base);
    if (pairs > 1 || (pairs === 1 && !endsShort(base))) result = base;
  }
  return result.endsWith('ll') && measure(result) > 1 ? result.slice(0, -1) : result;
}

/** How many vowel runs are followed by a consonant run: Porter's m. */
function measure(word: string): number {
  let pairs = 0;
  let afterVowel = false;
  for (let index = 0; index < word.length; index += 1) {
    const vowel = isVowel(word, index);
    if (afterVowel && !vowel) pairs += 1;
    afterVowel = vowel;
  }
  return pairs;
}

function hasVowel(word: string): boolean {
  for (let index = 0; index < word.length; index += 1) if (isVowel(word, index)) return true;
  return false;
}

/** A `y` is a vowel after a consonant. */
function isVowel(word: string, index: number): boolean {
  const letter = word.charAt(index);
  if (letter === 'y') return index > 0 && !isVowel(word, index - 1);
  return letter === 'a' || letter === 'e' || letter === 'i' || letter === 'o' || letter === 'u';
}

function endsInDouble(word: string): boolean {
  const last = word.length - 1;
  return last > 0 && word.charAt(last) === word.charAt(last - 1) && !isVowel(word, last);
}

/** Consonant, vowel, consonant that is not w, x or y: `hop`, not `snow`. */
function endsShort(word: string): boolean {
  const last = word.length - 1;
  return (
    last >= 2 && !isVowel(word, last) && isVowel(word, last - 1) && !isVowel(word, last - 2) && !/[wxy]$/.test(word)
  );
}

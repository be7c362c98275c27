const WORDS = 5_000;
const WORDS_OF_A_TEXT = 40;
const WORDS_OF_A_QUERY = 3;
/** The most frequent words of a language are not what is asked for. */
const RAREST_TOO_FREQUENT = 20;
const SYLLABLES = ['ba', 'de', 'fi', 'go', 'ku', 'la', 'mer', 'nos', 'pu', 'ra', 'sil', 'ton', 'va', 'we', 'xi', 'zor'];

/** Passages and queries whose words are as unequally frequent as those of a language: the n-th word in proportion to 1/n. */
export function createTexts(random: () => number): { writeText(): string; writeQuery(): string } {
  const words = Array.from({ length: WORDS }, (_, rank) => nameWord(rank));
  const drawRank = (): number => Math.floor(WORDS ** random()) - 1;
  const write = (length: number, lowest: number): string => {
    const text: string[] = [];
    while (text.length < length) {
      const rank = drawRank();
      if (rank >= lowest) text.push(words[rank] as string);
    }
    return text.join(' ');
  };
  return {
    writeText: () => write(WORDS_OF_A_TEXT, 0),
    writeQuery: () => write(WORDS_OF_A_QUERY, RAREST_TOO_FREQUENT),
  };
}

/** Four syllables: more names than there are words, so each has its own. */
function nameWord(rank: number): string {
  const syllable = (place: number): string =>
    SYLLABLES[Math.floor(rank / SYLLABLES.length ** place) % SYLLABLES.length] as string;
  return [0, 1, 2, 3].map(syllable).join('');
}

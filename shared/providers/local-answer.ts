import type { ChatMessage } from '../contracts/chat-provider.ts';
import { type ContextPassage, readContext } from '../contracts/context-format.ts';

const WHAT_IT_IS =
  'This is the local extractive model of Sluice: it quotes retrieved passages and has no language model behind it.';
const HOW_TO_GET_ONE =
  'Set a provider key such as OPENAI_API_KEY, or start an Ollama, and restart for generated answers.';

const MAX_QUOTES = 3;
const SHORTEST_WORD = 3;
const LONGEST_QUOTE = 600;
/** What a cut may leave of a character outside the basic plane. */
const HALF_PAIR = /[\ud800-\udbff]$/;

/** Words that say nothing about what a question is about. */
const STOP_WORDS: ReadonlySet<string> = new Set(
  'and are but can did does for from had has have how into its not that the their them then there they this was were what when where which who why will with you your'.split(
    ' ',
  ),
);

/** The answer to the last message of the user, from the passages in the system messages. */
export function composeAnswer(messages: readonly ChatMessage[]): string {
  const passages = messages
    .filter(({ role }) => role === 'system')
    .map(({ content }) => (typeof content === 'string' ? readContext(content) : undefined))
    .find((found) => found !== undefined);
  if (passages === undefined) {
    return `${WHAT_IT_IS} Ask with \`"sluice": {"retrieval": true}\` to have it quote your documents. ${HOW_TO_GET_ONE}`;
  }
  const quotes = bestSentences(lastQuestion(messages), passages);
  if (quotes.length === 0) return `The documents hold no information about this. (${WHAT_IT_IS})`;
  const lines = quotes.map(({ text, index }) => `- ${text} [${index}]`);
  return `From the documents:\n\n${lines.join('\n')}\n\n(${WHAT_IT_IS})`;
}

interface Quote {
  readonly text: string;
  /** Number of the passage. */
  readonly index: number;
  readonly score: number;
}

/** Sentences by the weight of the question's words they hold; rare words weigh more, better passages break ties. */
function bestSentences(question: string, passages: readonly ContextPassage[]): Quote[] {
  const words = new Set(toStems(question));
  const sentences = passages.flatMap(({ index, content }) =>
    toSentences(content).map((text) => ({ text, index, stems: new Set(toStems(text)) })),
  );
  const weightOf = new Map(
    [...words].map((word) => {
      const holders = sentences.filter(({ stems }) => stems.has(word)).length;
      return [word, holders === 0 ? 0 : Math.log(1 + sentences.length / holders)];
    }),
  );
  const seen = new Set<string>();
  return sentences
    .map(({ text, index, stems }): Quote => {
      let score = 0;
      for (const [word, weight] of weightOf) if (stems.has(word)) score += weight;
      return { text, index, score };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .filter(({ text }) => !seen.has(text) && seen.add(text))
    .slice(0, MAX_QUOTES);
}

/** Sentences of prose. Code, tables and the like are left out: quoted alone they answer nothing. */
function toSentences(text: string): string[] {
  return text
    .replace(/^(```|~~~)[\s\S]*?(^\1|$(?![\s\S]))/gm, '\n\n')
    .split(/\n\s*\n|\n(?=\s*(?:[-*+>#|]|\d+[.)]\s))/)
    .map((block) => block.replace(/\s+/g, ' ').replace(/^\s*(?:[-*+>#]+|\d+[.)])\s+/, ''))
    .flatMap((block) => block.split(/(?<=[.!?。！？])\s+/))
    .map((sentence) => sentence.trim())
    .filter(isProse)
    .map((sentence) =>
      sentence.length > LONGEST_QUOTE ? `${sentence.slice(0, LONGEST_QUOTE).replace(HALF_PAIR, '')}…` : sentence,
    );
}

function isProse(sentence: string): boolean {
  const letters = sentence.match(/[\p{L}\p{M}\p{N}\s]/gu)?.length ?? 0;
  return /\p{L}/u.test(sentence) && letters / [...sentence].length > 0.8;
}

/** Lower-case words without the endings that English puts on them. */
function toStems(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
    .filter((word) => (word.length >= SHORTEST_WORD || /\P{ASCII}/u.test(word)) && !STOP_WORDS.has(word))
    .map((word) => word.replace(/(?:ing|ed|es|s)$/, (ending) => (word.length - ending.length >= 3 ? '' : ending)));
}

function lastQuestion(messages: readonly ChatMessage[]): string {
  const content = messages.findLast(({ role }) => role === 'user')?.content;
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => ('text' in part ? part.text : '')).join('\n');
}

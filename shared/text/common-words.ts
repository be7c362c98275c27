import { stem } from './porter-stemmer.ts';

/**
 * English words that turn up in texts about anything, and so say little about what a text is about. They count less
 * than others, never nothing. Written down from general usage, not counted in a corpus.
 */
const COMMON_WORDS =
  'able accept accord account achieve act add addition advantage affect ago agree aim allow almost alone along already ' +
  'although always amount another answer anything apart appear apply approach appropriate area argue around ask assume ' +
  'attempt available away back bad base basic basis become begin behind believe best better big bit bring broad build ' +
  'call carry case cause certain chance change chapter choose clear close come common compare complete concern ' +
  'conclude condition consider consist contain continue correct could cover create current day deal decide define ' +
  'degree demand demonstrate depend describe describe despite detail determine develop differ different difficult ' +
  'direct discuss effect either else end enough ensure entire especially essential establish even ever every everything ' +
  'evidence exact example exist expect explain extent fact fairly far feel few figure final find first follow form ' +
  'found four free full further general get give go good great group grow half hand happen hard help hence high hold ' +
  'however idea important improve include increase indeed indicate individual instead interest introduce involve issue ' +
  'item keep kind know known lack large last late later lead learn least leave less let level like likely limit line ' +
  'list little long look lose lot low main maintain make many mark matter may maybe mean means measure meet mention ' +
  'method might mind moreover move much must name namely near necessary need never nevertheless new next nothing ' +
  'note number obtain obvious occur offer often old one open opposite order others otherwise ought page paper part ' +
  'particular pass past people perhaps person place plan play please point possible practice prepare present previous ' +
  'probably problem produce properly propose provide purpose put question quite rather reach read ready real really ' +
  'reason receive recent recently reduce refer regard relate relative remain report represent require research respect ' +
  'result right role run say second section see seem select sense separate set several shall short show shown side ' +
  'significant similar simple simply since single situation size small solve someone something sometimes somewhat soon ' +
  'special specific stand start state statement step still stop study subject suggest suitable support suppose sure ' +
  'take tell tend term thing think third though thought three throughout thus time today together top total toward ' +
  'true try turn two type understand unless upon use used useful user usual usually value various view want way well ' +
  'whatever whether whole whose wide within without wonder word work world would write year yes yet';

/** What a common word counts, beside 1 for the others. */
export const COMMON_WORD_WEIGHT = 0.5;

/** Their stems. Costs about a millisecond, so it is built when the first text comes and not at import. */
export function commonStems(): ReadonlySet<string> {
  return new Set(COMMON_WORDS.split(' ').map(stem));
}

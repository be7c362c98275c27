import type { GroundingChunk, GroundingMetadata, GroundingSupport } from '@google-cloud/vertexai';
import type { ChatCompletion } from '../contracts/chat-provider.ts';

export type Annotation = NonNullable<ChatCompletion['choices'][number]['message']['annotations']>[number];

/**
 * The sources of a grounded answer as URL citations. The vendor counts bytes of UTF-8 from the start of a part; OpenAI
 * counts characters of the whole text. Sources that no passage is attributed to stand for all of it.
 *
 * @param parts the texts of the answer, one per part as the vendor counts them; a stream's are one.
 */
export function toAnnotations(grounding: GroundingMetadata | null | undefined, parts: readonly string[]): Annotation[] {
  const sources = toList(grounding?.groundingChunks).map((chunk) => (chunk ? toSource(chunk) : undefined));
  if (sources.every((source) => source === undefined)) return [];
  const text = parts.join('');
  const annotations: Annotation[] = [];
  for (const support of toList(grounding?.groundingSupports)) {
    const range = toRange(support?.segment, parts, text);
    for (const index of toList(support?.groundingChunkIndices)) {
      const source = Number.isInteger(index) ? sources[index as number] : undefined;
      if (source && range) annotations.push(toAnnotation(source, range));
    }
  }
  if (annotations.length > 0) return annotations;
  return sources.flatMap((source) => (source ? [toAnnotation(source, { start: 0, end: text.length })] : []));
}

interface Source {
  readonly url: string;
  readonly title: string;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function toSource({ web, retrievedContext }: GroundingChunk): Source | undefined {
  const { uri, title } = web ?? retrievedContext ?? {};
  if (typeof uri !== 'string' || uri === '') return undefined;
  return { url: uri, title: typeof title === 'string' ? title : uri };
}

/** The vendor leaves lists out, and citations are not worth an answer. Items are counted, so that nulls stay. */
function toList<Item>(list: readonly Item[] | null | undefined): readonly (Item | null)[] {
  return Array.isArray(list) ? list : [];
}

function toAnnotation({ url, title }: Source, { start, end }: Range): Annotation {
  return { type: 'url_citation', url_citation: { start_index: start, end_index: end, title, url } };
}

/** Where a passage is. Its own text, when given, has the last word: the vendor's offsets are not always right. */
function toRange(segment: GroundingSupport['segment'], parts: readonly string[], text: string): Range | undefined {
  if (!segment) return undefined;
  const partIndex = toOffset(segment.partIndex);
  const before = parts.slice(0, partIndex).join('').length;
  const bytes = Buffer.from(parts[partIndex] ?? '');
  const start = before + bytes.subarray(0, toOffset(segment.startIndex)).toString().length;
  const end = before + bytes.subarray(0, toOffset(segment.endIndex)).toString().length;
  const passage = typeof segment.text === 'string' ? segment.text : '';
  if (passage === '' || text.slice(start, end) === passage) return start < end ? { start, end } : undefined;
  const found = text.indexOf(passage);
  return found === -1 ? undefined : { start: found, end: found + passage.length };
}

function toOffset(value: unknown): number {
  return Number.isInteger(value) ? Math.max(0, value as number) : 0;
}

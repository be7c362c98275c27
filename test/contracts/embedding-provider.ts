import { describe, expect, it } from 'vitest';
import type { EmbeddingProvider, EmbeddingPurpose } from '../../shared/contracts/embedding-provider.ts';
import type { HttpFetch } from '../../shared/contracts/http-fetch.ts';
import { createScriptedFetch, type ScriptedFetch, type ScriptedUpstream } from './scripted-fetch.ts';

export interface EmbeddingProviderSuite {
  readonly name: string;
  /** A provider that reaches its vendor through `fetch`, if at all. */
  createProvider(fetch: HttpFetch): EmbeddingProvider | Promise<EmbeddingProvider>;
  /** How the vendor answers, with `vectorOfText` for each text. Absent for a provider that computes by itself. */
  readonly upstream?: ScriptedUpstream;
  /** Length of the vectors. */
  readonly dimensions: number;
}

/** A vector of length 1 that stands for a text: equal for equal texts, different for different ones. */
export function vectorOfText(text: string, dimensions: number): number[] {
  let state = 17;
  for (const character of text) state = (Math.imul(state, 31) + (character.codePointAt(0) ?? 0)) | 0;
  const values = Array.from({ length: dimensions }, (_, position) => Math.sin(state + position * 1.7));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

const TEXTS = ['The red fox jumps over the fence.', 'Quarterly revenue grew by four percent.', 'Grüße aus 東京 🙂'];

/** What every embedding provider does, whatever its vendor's wire format. */
export function describeEmbeddingProvider(suite: EmbeddingProviderSuite): void {
  describe(`${suite.name} as an embedding provider`, () => {
    const embed = async (
      texts: readonly string[],
      { purpose = 'document' as EmbeddingPurpose, scripted = answering(suite), signal = neverAborted() } = {},
    ) => (await suite.createProvider(scripted.fetch)).embed(texts, { purpose, signal });

    it('says which model it is and how much it takes at once', async () => {
      const provider = await suite.createProvider(answering(suite).fetch);
      expect(provider.id).toMatch(/^[a-z0-9_-]+$/);
      expect(provider.model).toMatch(/\S/);
      for (const limit of [provider.maxBatchSize, provider.maxBatchTokens, provider.maxInputTokens]) {
        expect(Number.isInteger(limit) && limit > 0).toBe(true);
      }
      expect([undefined, suite.dimensions]).toContain(provider.dimensions);
    });

    it('gives one finite vector of the right length per text', async () => {
      const { vectors, usage } = await embed(TEXTS);
      expect(vectors).toHaveLength(TEXTS.length);
      for (const vector of vectors) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(suite.dimensions);
        expect(vector.every(Number.isFinite)).toBe(true);
        expect(vector.some((value) => value !== 0)).toBe(true);
      }
      if (usage !== undefined) expect(Number.isInteger(usage.tokens) && usage.tokens > 0).toBe(true);
    });

    it('keeps the order of the texts', async () => {
      const { vectors } = await embed(TEXTS);
      const { vectors: reversed } = await embed([...TEXTS].reverse());
      expect(reversed).toEqual([...vectors].reverse());
      expect(vectors[0]).not.toEqual(vectors[1]);
    });

    it('gives equal texts equal vectors', async () => {
      const { vectors } = await embed(['same', 'other', 'same']);
      expect(vectors[0]).toEqual(vectors[2]);
    });

    it('knows its dimensions after the first answer', async () => {
      const provider = await suite.createProvider(answering(suite).fetch);
      await provider.embed(['text'], { purpose: 'document', signal: neverAborted() });
      expect(provider.dimensions).toBe(suite.dimensions);
    });

    it.each(['document', 'query'] as const)('embeds texts as a %s', async (purpose) => {
      const { vectors } = await embed(TEXTS, { purpose });
      expect(vectors.map(({ length }) => length)).toEqual(TEXTS.map(() => suite.dimensions));
    });

    it('asks nobody when there is no text', async () => {
      const scripted = answering(suite);
      expect((await embed([], { scripted })).vectors).toEqual([]);
      expect(scripted.exchanges).toEqual([]);
    });

    it('embeds as many texts at once as it says it can, and leaves the list alone', async () => {
      const { maxBatchSize } = await suite.createProvider(answering(suite).fetch);
      const texts = Object.freeze(Array.from({ length: Math.min(maxBatchSize, 300) }, (_, number) => `text ${number}`));
      expect((await embed(texts)).vectors).toHaveLength(texts.length);
    });

    it('refuses to work for an aborted caller', async () => {
      await expect(embed(TEXTS, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        name: 'AppError',
        code: 'cancelled',
      });
    });

    if (suite.upstream === undefined) return;

    describe('with an upstream in trouble', () => {
      it('stops waiting when the caller goes away', async () => {
        const controller = new AbortController();
        const pending = embed(TEXTS, { scripted: createScriptedFetch(() => 'hang'), signal: controller.signal });
        controller.abort();
        await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
      });

      it.each([
        [401, 'authentication', false],
        [429, 'rate_limit', true],
        [500, 'server_error', true],
        [503, 'server_error', true],
      ] as const)('turns status %i into %s', async (status, code, retryable) => {
        const body = JSON.stringify({ error: { message: 'upstream-detail' } });
        const failure = embed(TEXTS, { scripted: createScriptedFetch(() => ({ status, body })) });
        const message = expect.not.stringContaining('upstream-detail');
        await expect(failure).rejects.toMatchObject({ name: 'AppError', code, retryable, message });
      });
    });
  });
}

function answering({ upstream }: EmbeddingProviderSuite): ScriptedFetch {
  return createScriptedFetch(
    upstream ??
      (() => {
        throw new Error('This provider was not expected to ask anybody.');
      }),
  );
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

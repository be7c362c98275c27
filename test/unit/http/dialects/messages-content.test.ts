import { describe, expect, it } from 'vitest';
import { toContentParts } from '../../../../shared/http/dialects/messages-content.ts';
import type { ContentBlock } from '../../../../shared/http/schemas/messages-schema.ts';

const EPHEMERAL = { type: 'ephemeral' } as const;

const read = (...blocks: ContentBlock[]) => toContentParts(blocks, 'messages[0].content');

describe('toContentParts', () => {
  it('gives images as URLs, of data or of the web', () => {
    expect(
      read(
        { type: 'image', source: { type: 'base64', media_type: 'image/webp', data: 'AAAA' }, cache_control: EPHEMERAL },
        { type: 'image', source: { type: 'url', url: 'https://a.example/a.png' } },
      ),
    ).toEqual([
      { type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA' }, cache_control: EPHEMERAL },
      { type: 'image_url', image_url: { url: 'https://a.example/a.png' } },
    ]);
  });

  it('gives PDFs as named files, after their context', () => {
    expect(
      read(
        { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
        {
          type: 'document',
          source: { type: 'url', url: 'https://a.example/a.pdf' },
          title: 'A',
          context: 'From 1999.',
        },
      ),
    ).toEqual([
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'document.pdf' } },
      { type: 'text', text: 'From 1999.' },
      { type: 'file', file: { file_data: 'https://a.example/a.pdf', filename: 'A' } },
    ]);
  });

  it('gives text documents as text, led by title and context', () => {
    expect(
      read(
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'Body.' },
          title: 'T',
          context: 'C',
          cache_control: EPHEMERAL,
        },
        { type: 'document', source: { type: 'content', content: 'Plain.' } },
      ),
    ).toEqual([
      { type: 'text', text: 'T\n\nC\n\nBody.', cache_control: EPHEMERAL },
      { type: 'text', text: 'Plain.' },
    ]);
  });

  it('takes documents of blocks apart and marks their end', () => {
    expect(
      read({
        type: 'document',
        source: {
          type: 'content',
          content: [
            { type: 'text', text: 'a' },
            { type: 'image', source: { type: 'url', url: 'https://a.example/a.png' } },
          ],
        },
        title: 'T',
        cache_control: EPHEMERAL,
      }),
    ).toEqual([
      { type: 'text', text: 'T' },
      { type: 'text', text: 'a' },
      { type: 'image_url', image_url: { url: 'https://a.example/a.png' }, cache_control: EPHEMERAL },
    ]);
  });

  it('refuses citations of documents and takes those that are off', () => {
    const document = (enabled: boolean): ContentBlock => ({
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'Body.' },
      citations: { enabled },
    });
    expect(read(document(false))).toEqual([{ type: 'text', text: 'Body.' }]);
    expect(() => read({ type: 'text', text: 'x' }, document(true))).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'messages[0].content[1].citations' }),
    );
  });
});

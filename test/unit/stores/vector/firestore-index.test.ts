import { describe, expect, it } from 'vitest';
import { indexCommand, listVectorFields } from '../../../../shared/stores/vector/firestore-index.ts';

const VECTOR = `--field-config=field-path=embedding,vector-config='{"dimension":"384","flat":{}}'`;

describe('the command for a missing index', () => {
  it('is the documented one for a plain vector search', () => {
    expect(indexCommand({ collectionGroup: 'embeddings', vector: { field: 'embedding', dimensions: 384 } })).toBe(
      `gcloud firestore indexes composite create --collection-group=embeddings --query-scope=COLLECTION ${VECTOR}`,
    );
  });

  it('has equality fields first, then lists, then ranges, and the vector last', () => {
    const command = indexCommand({
      collectionGroup: 'embeddings',
      databaseId: 'rag',
      equalityFields: ['tenant'],
      vector: { field: 'embedding', dimensions: 384 },
      filter: {
        type: 'and',
        filters: [
          { type: 'gt', key: 'year', value: 2000 },
          { type: 'lt', key: 'year', value: 2010 },
          { type: 'contains', key: 'tags', value: 'x' },
          { type: 'or', filters: [{ type: 'eq', key: 'category', value: 'a' }] },
        ],
      },
    });
    expect(command).toContain('create --database=rag --collection-group=embeddings');
    expect(command.split(' --field-config=').slice(1)).toEqual([
      'field-path=tenant,order=ASCENDING',
      'field-path=metadata.category,order=ASCENDING',
      'field-path=metadata.tags,array-config=CONTAINS',
      'field-path=metadata.year,order=ASCENDING',
      VECTOR.slice('--field-config='.length),
    ]);
  });

  it('is one for the field of the words too', () => {
    const [, vector] = listVectorFields({ dimensions: 384, lexical: true });
    expect(indexCommand({ collectionGroup: 'embeddings', ...(vector && { vector }) })).toContain(
      `--field-config=field-path=lexical,vector-config='{"dimension":"2048","flat":{}}'`,
    );
  });

  it('has no vector for other queries', () => {
    expect(indexCommand({ collectionGroup: 'e', equalityFields: ['tenant'] })).not.toContain('vector-config');
  });

  it('lets no key break out of the command', () => {
    const filter = { type: 'eq', key: "a`b'; rm -rf ~ #", value: 1 } as const;
    expect(indexCommand({ collectionGroup: 'e', filter })).toContain(
      `--field-config='field-path=metadata.\`a\\\`b'\\''; rm -rf ~ #\`,order=ASCENDING'`,
    );
  });
});

describe('the vector fields of a store', () => {
  it.each([
    [false, [{ field: 'embedding', dimensions: 384 }]],
    [
      true,
      [
        { field: 'embedding', dimensions: 384 },
        { field: 'lexical', dimensions: 2_048 },
      ],
    ],
  ])('are those that need an index; with words: %s', (lexical, expected) => {
    expect(listVectorFields({ dimensions: 384, lexical })).toEqual(expected);
  });
});

import type { Chunk, Metadata, StoredChunk } from '../../contracts/vector-store.ts';
import type { SqlRow } from './pgvector-connection.ts';

type VectorText = Pick<typeof import('pgvector'), 'toSql' | 'fromSql'>;

/** Columns of a result; without the vector, which a search does not need. */
export const RESULT_COLUMNS =
  'id, document_id, chunk_index, content, content_hash, embedding_model, metadata, tenant, created_at, updated_at';

/** The column's value for the tenant; no tenant has an empty name. */
export function toTenantColumn(tenant: string | null): string {
  return tenant ?? '';
}

/** The text forms of a vector, whose digits are enough for every 32-bit float to come back as it was. */
export async function loadVectorText(): Promise<VectorText> {
  // A CommonJS package: once bundled, only its default export is sure to be there, of which its types know nothing.
  return ((await import('pgvector')) as unknown as { readonly default: VectorText }).default;
}

/**
 * One statement for many chunks, which replaces those that exist and leaves their `created_at` alone. No id may be
 * given twice.
 */
export function toUpsert(
  table: string,
  chunks: readonly Chunk[],
  {
    collection,
    time,
    toSql,
  }: { readonly collection: string; readonly time: Date; readonly toSql: VectorText['toSql'] },
): { text: string; values: unknown[] } {
  // In one order, so that two calls that replace the same chunks do not wait for each other's rows in turn.
  const sorted = [...chunks].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
  return {
    text: `INSERT INTO ${table} (collection, tenant, id, document_id, chunk_index, content, content_hash, embedding,
        embedding_model, metadata, created_at, updated_at)
      SELECT $1::text, tenant, id, document_id, chunk_index, content, content_hash, embedding::vector, embedding_model,
        metadata::jsonb, $2::timestamptz, $2::timestamptz
      FROM unnest($3::text[], $4::text[], $5::text[], $6::integer[], $7::text[], $8::text[], $9::text[], $10::text[],
        $11::text[]) AS given (tenant, id, document_id, chunk_index, content, content_hash, embedding, embedding_model,
        metadata)
      ON CONFLICT (collection, tenant, id) DO UPDATE SET document_id = excluded.document_id,
        chunk_index = excluded.chunk_index, content = excluded.content, content_hash = excluded.content_hash,
        embedding = excluded.embedding, embedding_model = excluded.embedding_model, metadata = excluded.metadata,
        updated_at = excluded.updated_at`,
    values: [
      collection,
      time.toISOString(),
      sorted.map(({ tenant }) => toTenantColumn(tenant)),
      sorted.map(({ id }) => id),
      sorted.map(({ documentId }) => documentId),
      sorted.map(({ index }) => index),
      sorted.map(({ content }) => content),
      sorted.map(({ contentHash }) => contentHash),
      sorted.map(({ embedding }) => toSql(Array.from(embedding))),
      sorted.map(({ embeddingModel }) => embeddingModel),
      sorted.map(({ metadata }) => JSON.stringify(metadata)),
    ],
  };
}

export function fromRow(row: SqlRow): StoredChunk {
  return {
    id: row.id as string,
    documentId: row.document_id as string,
    index: row.chunk_index as number,
    content: row.content as string,
    contentHash: row.content_hash as string,
    embeddingModel: row.embedding_model as string,
    metadata: row.metadata as Metadata,
    tenant: row.tenant === '' ? null : (row.tenant as string),
    createdAt: row.created_at as Date,
    updatedAt: row.updated_at as Date,
  };
}

function keyOf({ tenant, id }: Chunk): string {
  return `${toTenantColumn(tenant)}/${id}`;
}

import { isLoopback, isSingleLabel } from '../endpoint.ts';
import { defined } from '../objects.ts';
import type { VectorStoreInput } from '../schema/vectorstore.ts';
import { toSecretValue } from '../secret-value.ts';
import type { EmbeddingsConfig, VectorStoreConfig } from '../types.ts';
import { type NormalizeContext, toAllowedCidrs, toEndpoint } from './context.ts';

const FIRESTORE_MAX_DIMENSIONS = 2048;
const DEFAULT_COLLECTION = 'embeddings';
const DEFAULT_MAX_DOCUMENTS = 10_000;
const DEFAULT_DISTANCE = 'cosine';

export function normalizeVectorStore(
  input: VectorStoreInput,
  { embeddings, tenancy }: { embeddings: EmbeddingsConfig | undefined; tenancy: boolean },
  context: NormalizeContext,
): VectorStoreConfig | undefined {
  checkDimensions(input, embeddings, context);
  const base = defined({
    embeddingDimensions: input.embedding_dimensions ?? embeddings?.dimensions,
    defaultTopK: input.default_top_k ?? 10,
    tenancy: input.tenancy ?? tenancy,
  });
  if (input.provider === 'firestore') return { ...base, ...toFirestore(input, context) };
  if (input.provider === 'memory') return { ...base, ...toMemory(input, context) };
  if (input.provider === 'qdrant') {
    const qdrant = toQdrant(input, context);
    return qdrant === undefined ? undefined : { ...base, ...qdrant };
  }
  const pgvector = toPgvector(input, context);
  return pgvector === undefined ? undefined : { ...base, ...pgvector };
}

function checkDimensions(
  { provider, embedding_dimensions: stored }: VectorStoreInput,
  embeddings: EmbeddingsConfig | undefined,
  { problems }: NormalizeContext,
): void {
  const path = 'vectorstore.embedding_dimensions';
  const embedded = embeddings?.dimensions;
  const dimensions = stored ?? embedded;
  if (provider === 'firestore' && dimensions !== undefined && dimensions > FIRESTORE_MAX_DIMENSIONS) {
    problems.add(
      path,
      `Firestore stores at most ${FIRESTORE_MAX_DIMENSIONS} dimensions, not ${dimensions}; set the dimensions of the embedding model to ${FIRESTORE_MAX_DIMENSIONS} or less`,
    );
  }
  if (stored !== undefined && embedded !== undefined && stored !== embedded) {
    problems.add(
      path,
      `is ${stored}, but ${embeddings?.provider}/${embeddings?.model} makes vectors of ${embedded} dimensions; the two must be equal`,
    );
  }
}

function toFirestore({ firestore }: VectorStoreInput, { project, production, problems }: NormalizeContext) {
  const projectId = firestore?.project_id ?? project;
  if (projectId === undefined && !production) {
    problems.add(
      'vectorstore.firestore.project_id',
      'is required: write the project, or set GOOGLE_CLOUD_PROJECT or GCP_PROJECT_ID',
    );
  }
  return defined({
    provider: 'firestore' as const,
    project: projectId,
    collection: firestore?.collection ?? DEFAULT_COLLECTION,
    beside: (firestore?.beside ?? []).map(({ collection, embedding_dimensions: dimensions }) => ({
      collection,
      dimensions,
    })),
    databaseId: firestore?.database_id ?? '(default)',
    credentialsFile: firestore?.credentials_file,
    distance: firestore?.distance ?? DEFAULT_DISTANCE,
  });
}

function toMemory({ memory }: VectorStoreInput, { cloudRun, problems }: NormalizeContext) {
  if (cloudRun) {
    problems.warn('vectorstore.provider', 'memory loses its contents with the instance, and each instance has its own');
  }
  return defined({
    provider: 'memory' as const,
    maxDocuments: memory?.max_documents ?? DEFAULT_MAX_DOCUMENTS,
    ttlMs: memory?.ttl,
    file: memory?.file,
    prescan: memory?.prescan ?? true,
    distance: memory?.distance ?? DEFAULT_DISTANCE,
  });
}

function toQdrant({ qdrant }: VectorStoreInput, context: NormalizeContext) {
  const { problems } = context;
  const path = 'vectorstore.qdrant';
  if (qdrant === undefined) {
    problems.add(path, 'is required: qdrant is the vector store, so its host or url must be written');
    return undefined;
  }
  const { host, url: written } = qdrant;
  if ((host === undefined) === (written === undefined)) {
    problems.add(path, host === undefined ? 'needs a host or a url' : 'cannot have both a host and a url');
    return undefined;
  }
  if (written !== undefined && (qdrant.port !== undefined || qdrant.https !== undefined)) {
    problems.add(path, 'has a url, which says port and https already; remove those lines');
  }
  const address = written ?? toAddress(host ?? '', qdrant.port ?? 6333, qdrant.https);
  const url = toEndpoint(address, `${path}.${written === undefined ? 'host' : 'url'}`, context);
  if (url === undefined) return undefined;
  return defined({
    provider: 'qdrant' as const,
    url,
    apiKey: qdrant.api_key === undefined ? undefined : toSecretValue(qdrant.api_key),
    collection: qdrant.collection ?? DEFAULT_COLLECTION,
    allowedCidrs: toAllowedCidrs(qdrant.allowed_cidrs, url, context),
    distance: qdrant.distance ?? DEFAULT_DISTANCE,
    exactUpTo: qdrant.exact_up_to,
  });
}

/** Plain http is the default only where it is allowed at all. */
function toAddress(host: string, port: number, https: boolean | undefined): string {
  const secure = https ?? !(isLoopback(host) || isSingleLabel(host));
  return `${secure ? 'https' : 'http'}://${host}:${port}`;
}

function toPgvector({ pgvector }: VectorStoreInput, { production, problems, missingAt }: NormalizeContext) {
  const path = 'vectorstore.pgvector.connection_string';
  const connection = pgvector?.connection_string;
  if (connection === undefined) {
    problems.add(path, 'is required: pgvector is the vector store');
    return undefined;
  }
  const connectionString = toSecretValue(connection);
  const plain = 'value' in connectionString && missingAt(path) === undefined;
  if (plain && connectionString.value.startsWith('pglite://')) {
    if (production) problems.add(path, 'pglite:// is for development; name a PostgreSQL server in production');
  } else if (plain && !/^postgres(?:ql)?:\/\//.test(connectionString.value)) {
    problems.add(path, 'must begin with postgresql://');
  }
  return defined({
    provider: 'pgvector' as const,
    connectionString,
    table: pgvector?.table ?? DEFAULT_COLLECTION,
    distance: pgvector?.distance ?? DEFAULT_DISTANCE,
    exactUpTo: pgvector?.exact_up_to,
  });
}

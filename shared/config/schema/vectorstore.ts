import { DISTANCES, VECTOR_STORE_NAMES } from '../names.ts';
import { cidrs, duration, flag, matching, projectName, secret, text, wholeNumber } from './common.ts';
import { block, type Infer, list, oneOf } from './schema.ts';

/** A Firestore collection id. */
export const collectionName = matching(
  /^(?!\.{1,2}$)(?!__.*__$)[^/\s]{1,200}$/,
  'must be a collection name: no slash, no space, not "." or "..", not __x__',
);

export const vectorstore = () =>
  block({
    provider: oneOf(VECTOR_STORE_NAMES),
    embedding_dimensions: wholeNumber({ min: 1, max: 4096 }).optional(),
    default_top_k: wholeNumber({ min: 1, max: 1000 }).optional(),
    tenancy: flag.optional(),
    firestore: block({
      project_id: projectName.optional(),
      collection: collectionName.optional(),
      beside: list(
        block({ collection: collectionName, embedding_dimensions: wholeNumber({ min: 1, max: 2048 }) }),
      ).optional(),
      database_id: matching(
        /^(?:\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/,
        'must be (default) or a Firestore database id',
      ).optional(),
      credentials_file: text.optional(),
      distance: oneOf(DISTANCES).optional(),
    }).optional(),
    memory: block({
      max_documents: wholeNumber().optional(),
      ttl: duration.optional(),
      file: text.optional(),
      prescan: flag.optional(),
      distance: oneOf(DISTANCES).optional(),
    }).optional(),
    qdrant: block({
      host: matching(/^[\w.:[\]-]{1,253}$/, 'must be a host name or address, without scheme and path').optional(),
      port: wholeNumber({ min: 1, max: 65_535 }).optional(),
      https: flag.optional(),
      url: text.optional(),
      api_key: secret.optional(),
      collection: matching(/^[\w-]{1,200}$/, 'must be letters, digits, dashes and underscores').optional(),
      allowed_cidrs: cidrs.optional(),
      distance: oneOf(DISTANCES).optional(),
      exact_up_to: wholeNumber({ min: 0 }).optional(),
    }).optional(),
    pgvector: block({
      connection_string: secret.optional(),
      table: matching(
        /^[A-Za-z_]\w{0,62}(?:\.[A-Za-z_]\w{0,62})?$/,
        'must be a table name of letters, digits and underscores, with or without a schema before it',
      ).optional(),
      distance: oneOf(DISTANCES).optional(),
      exact_up_to: wholeNumber({ min: 0 }).optional(),
    }).optional(),
  });
export type VectorStoreInput = Infer<ReturnType<typeof vectorstore>>;

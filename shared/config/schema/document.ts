import { formatPath, type Problems } from '../problems.ts';
import { agents } from './agents.ts';
import { auth } from './auth.ts';
import { cache } from './cache.ts';
import { flag } from './common.ts';
import { embeddings } from './embeddings.ts';
import { ingestion } from './ingestion.ts';
import { limits } from './limits.ts';
import { modelServices } from './model-services.ts';
import { observability } from './observability.ts';
import { prices } from './prices.ts';
import { privacy } from './privacy.ts';
import { retrieval } from './retrieval.ts';
import { routing } from './routing.ts';
import { INVALID, type Infer, type Schema, unknownKey } from './schema.ts';
import { tools } from './tools.ts';
import { vectorstore } from './vectorstore.ts';

/** Schemas are built when their block is written: a start pays for what its file uses. */
const BLOCKS = {
  agents,
  model_services: modelServices,
  embeddings,
  vectorstore,
  observability,
  auth,
  cache,
  limits,
  ingestion,
  retrieval,
  privacy,
  routing,
  prices,
  tools,
  playground: () => flag,
  strict: () => flag,
} satisfies Record<string, () => Schema<unknown>>;

type BlockName = keyof typeof BLOCKS;

/** The blocks of a file that are written and valid. */
export type ConfigDocument = { readonly [Name in BlockName]?: Infer<ReturnType<(typeof BLOCKS)[Name]>> };

/**
 * Checks the document block by block, so that a mistake in one does not hide those in the others. `invalid` names the
 * blocks that are written but wrong: they are missing from `document`, which must not be read as "not written".
 */
export function parseDocument(
  tree: unknown,
  problems: Problems,
): { readonly document: ConfigDocument; readonly invalid: ReadonlySet<string> } {
  const document: Record<string, unknown> = {};
  const invalid = new Set<string>();
  if (typeof tree !== 'object' || tree === null) {
    problems.add('', 'must be a mapping of blocks such as agents and embeddings, or a list of agents');
    return { document, invalid };
  }
  for (const [key, value] of Object.entries(tree)) {
    if (!isBlockName(key)) {
      problems.add(formatPath([key]), unknownKey(key, Object.keys(BLOCKS)));
      continue;
    }
    const read = BLOCKS[key]().read(value, { path: [key], problems });
    if (read === INVALID) invalid.add(key);
    else document[key] = read;
  }
  return { document, invalid };
}

function isBlockName(key: string): key is BlockName {
  return Object.hasOwn(BLOCKS, key);
}

import { AppError } from '../contracts/app-error.ts';
import type { GeminiBackend } from './gemini-types.ts';

const MAX_LENGTH = 256;
/** One path segment; a colon would end the model's name and begin the method's. */
const SEGMENT = /^[A-Za-z0-9][A-Za-z0-9._@-]*$/;

/** Ways to write a model, and the resource each means. `{}` is the name; the first that fits is taken. */
const FORMS: Readonly<Record<GeminiBackend, readonly (readonly [prefix: string, resource: string])[]>> = {
  gemini: [
    ['models/', 'models/'],
    ['tunedModels/', 'tunedModels/'],
    ['', 'models/'],
  ],
  vertexai: [
    ['publishers/google/models/', 'publishers/google/models/'],
    ['models/', 'publishers/google/models/'],
    ['google/', 'publishers/google/models/'],
    ['endpoints/', 'endpoints/'],
    ['', 'publishers/google/models/'],
  ],
};

/**
 * The resource path of a model, e.g. `models/gemini-2.5-flash` or `publishers/google/models/gemini-2.5-flash`; tuned
 * ones are `tunedModels/NAME` on the Gemini API and `endpoints/NUMBER` on Vertex AI.
 *
 * @throws AppError `model_not_found` for anything that is not one plain name.
 */
export function toModelPath(model: string, backend: GeminiBackend): string {
  if (model.length <= MAX_LENGTH) {
    for (const [prefix, resource] of FORMS[backend]) {
      if (!model.startsWith(prefix)) continue;
      const name = model.slice(prefix.length);
      if (SEGMENT.test(name) && !name.includes('..')) return resource + encodeURIComponent(name);
    }
  }
  throw new AppError('model_not_found', `${backend} has no model of this name: use one like gemini-2.5-flash.`, {
    param: 'model',
  });
}

/** What requests must know of a model. */
export interface GeminiModelTraits {
  /** Takes JSON Schema as it is; else the older dialect of OpenAPI. */
  readonly jsonSchema: boolean;
  /** Takes functions, Google's own tools and a response schema in one request. */
  readonly mixesTools: boolean;
  /** Wants thought signatures on function calls and takes media inside function responses. */
  readonly signsCalls: boolean;
  readonly thinking: 'none' | 'budget' | 'level';
  /** Cannot stop thinking, and thinks at other depths than its smaller kin. */
  readonly isPro: boolean;
}

/**
 * Traits by the generation in the name. A name without one (`gemini-flash-latest`) is the current generation; a tuned
 * model or another family is taken for 2.5 without thinking.
 */
export function toModelTraits(model: string): GeminiModelTraits {
  const name = model.slice(model.lastIndexOf('/') + 1).toLowerCase();
  const version = toVersion(name);
  return {
    jsonSchema: version >= 2,
    mixesTools: version >= 3,
    signsCalls: version >= 3,
    thinking: !name.startsWith('gemini-') || version < 2.5 ? 'none' : version < 3 ? 'budget' : 'level',
    isPro: /(^|-)pro(-|$)/.test(name),
  };
}

function toVersion(name: string): number {
  const found = /^gemini-(\d+(?:\.\d+)?)/.exec(name)?.[1];
  if (found !== undefined) return Number(found);
  return name.startsWith('gemini-') ? (name === 'gemini-pro' || name === 'gemini-pro-vision' ? 1 : 3) : 2.5;
}

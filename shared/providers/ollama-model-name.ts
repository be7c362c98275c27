import { AppError } from '../contracts/app-error.ts';

const MAX_LENGTH = 256;
/** `host/namespace/name:tag`; the host may have a port. */
const NAME = /^\w[\w.:-]*(\/\w[\w.:-]*){0,2}$/;

/**
 * A model's name such as `llama3.1:8b`, `library/gemma3` or `hf.co/owner/name:Q4_K_M`. It only ever travels inside a
 * JSON body, and is checked all the same, because it is shown in messages and looks like a path.
 * @throws AppError `model_not_found` for anything else.
 */
export function checkModelName(model: string): string {
  if (model.length <= MAX_LENGTH && !model.includes('..') && NAME.test(model)) return model;
  throw new AppError(
    'model_not_found',
    'An Ollama model is written `name:tag`, `namespace/name:tag` or `host/namespace/name:tag`, with at most 256 ' +
      'letters, digits and the characters _ . : -',
    { param: 'model' },
  );
}

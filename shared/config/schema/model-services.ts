import { PROVIDER_NAMES, QUANTIZATIONS, RUNTIMES, TARGET_AUTHS } from '../names.ts';
import { cidrs, modelName, name, secrets, serving, text, timeout } from './common.ts';
import { block, type Infer, list, oneOf } from './schema.ts';

const service = () =>
  block({
    name,
    provider: oneOf(PROVIDER_NAMES),
    model: modelName,
    runtime: oneOf(RUNTIMES).optional(),
    transport: oneOf(['local', 'http']).optional(),
    api_key: secrets.optional(),
    config: block({
      address: text.optional(),
      auth: oneOf(TARGET_AUTHS).optional(),
      quantization: oneOf(QUANTIZATIONS).optional(),
      timeout: timeout.optional(),
      allowed_cidrs: cidrs.optional(),
      ...serving(),
    }).optional(),
  });
export type ModelServiceInput = Infer<ReturnType<typeof service>>;

export const modelServices = () => list(service());

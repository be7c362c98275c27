import * as z from 'zod';
import { PROVIDER_NAMES, QUANTIZATIONS, RUNTIMES, TARGET_AUTHS } from '../names.ts';
import { block, cidrs, modelName, name, secrets, serving, text, timeout } from './common.ts';

const service = () =>
  block({
    name,
    provider: z.enum(PROVIDER_NAMES),
    model: modelName,
    runtime: z.enum(RUNTIMES).optional(),
    transport: z.enum(['local', 'http']).optional(),
    api_key: secrets.optional(),
    config: block({
      address: text.optional(),
      auth: z.enum(TARGET_AUTHS).optional(),
      quantization: z.enum(QUANTIZATIONS).optional(),
      timeout: timeout.optional(),
      allowed_cidrs: cidrs.optional(),
      ...serving(),
    }).optional(),
  });
export type ModelServiceInput = z.infer<ReturnType<typeof service>>;

export const modelServices = () => z.array(service());

import * as z from 'zod';
import { PRIVACY_MODES, PROVIDER_NAMES, ROLES, RUNTIMES, STRATEGIES, TARGET_AUTHS } from '../names.ts';
import {
  block,
  cidrs,
  locationName,
  modelName,
  name,
  number,
  projectName,
  retry,
  secrets,
  serving,
  text,
  timeout,
  wholeNumber,
} from './common.ts';

/** What says how one model is reached and called; on an agent with one model, and on each leg of a cascade. */
const target = () => ({
  provider: z.enum(PROVIDER_NAMES).optional(),
  runtime: z.enum(RUNTIMES).optional(),
  api_key: secrets.optional(),
  endpoint: text.optional(),
  auth: z.enum(TARGET_AUTHS).optional(),
  allowed_cidrs: cidrs.optional(),
  project_id: projectName.optional(),
  location: locationName.optional(),
  temperature: number({ min: 0, max: 2 }).optional(),
  max_tokens: wholeNumber().optional(),
  timeout: timeout.optional(),
  ...serving(),
});

const leg = () => block({ model: modelName, ...target(), weight: number({ above: 0 }).optional() });
export type LegInput = z.infer<ReturnType<typeof leg>>;

const agent = () =>
  block({
    name,
    role: z.enum(ROLES).optional(),
    model: modelName.optional(),
    providers: z.array(leg()).min(1, 'must list at least one provider').optional(),
    ...target(),
    prompt: z.string().optional(),
    retry: retry().optional(),
    fallback_strategy: z.enum(STRATEGIES).optional(),
    privacy: z.enum(PRIVACY_MODES).optional(),
    tools: z.array(name).optional(),
    max_iterations: wholeNumber({ min: 1, max: 10 }).optional(),
  });
export type AgentInput = z.infer<ReturnType<typeof agent>>;

export const agents = () => z.array(agent()).min(1, 'must list at least one agent');

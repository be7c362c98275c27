import { PRIVACY_MODES, PROVIDER_NAMES, ROLES, RUNTIMES, STRATEGIES, TARGET_AUTHS } from '../names.ts';
import {
  anyText,
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
import { block, type Infer, list, oneOf } from './schema.ts';

/** What says how one model is reached and called; on an agent with one model, and on each leg of a cascade. */
const target = () => ({
  provider: oneOf(PROVIDER_NAMES).optional(),
  runtime: oneOf(RUNTIMES).optional(),
  api_key: secrets.optional(),
  endpoint: text.optional(),
  auth: oneOf(TARGET_AUTHS).optional(),
  allowed_cidrs: cidrs.optional(),
  project_id: projectName.optional(),
  location: locationName.optional(),
  temperature: number({ min: 0, max: 2 }).optional(),
  max_tokens: wholeNumber().optional(),
  timeout: timeout.optional(),
  ...serving(),
});

const leg = () => block({ model: modelName, ...target(), weight: number({ above: 0 }).optional() });
export type LegInput = Infer<ReturnType<typeof leg>>;

const agent = () =>
  block({
    name,
    role: oneOf(ROLES).optional(),
    model: modelName.optional(),
    providers: list(leg(), 'must list at least one provider').optional(),
    ...target(),
    prompt: anyText.optional(),
    retry: retry().optional(),
    fallback_strategy: oneOf(STRATEGIES).optional(),
    privacy: oneOf(PRIVACY_MODES).optional(),
    tools: list(name).optional(),
    max_iterations: wholeNumber({ min: 1, max: 10 }).optional(),
  });
export type AgentInput = Infer<ReturnType<typeof agent>>;

export const agents = () => list(agent(), 'must list at least one agent');

import type { ChatCapabilities } from '../contracts/chat-provider.ts';

type ParameterRules = ChatCapabilities['parameters'];

/**
 * Parameters that single models refuse although their provider has them. What only steers the sampling is dropped; what
 * the answer's content hangs on is refused.
 */
const RULES: readonly (readonly [provider: string, models: RegExp, rules: ParameterRules])[] = [
  // https://platform.openai.com/docs/guides/reasoning: sampling is fixed on the reasoning models.
  [
    'openai',
    /^(o\d|gpt-5(?!.*chat)|codex)/,
    {
      stop: 'refuse',
      logprobs: 'refuse',
      top_logprobs: 'refuse',
      logit_bias: 'refuse',
      presence_penalty: 'drop',
      frequency_penalty: 'drop',
    },
  ],
  // https://docs.x.ai/docs/guides/reasoning: the reasoning models take no penalties and no stop sequences.
  [
    'xai',
    /^grok-(3-mini|4)(?!.*non-reasoning)/,
    { stop: 'refuse', presence_penalty: 'drop', frequency_penalty: 'drop' },
  ],
  // There too: these decide themselves how long they reason.
  ['xai', /^grok-4(?!\.3)(?!.*multi-agent)/, { reasoning_effort: 'drop' }],
];

/** What holds for one model beyond its provider's own rules. */
export function parameterRulesOf(provider: string, model: string): ParameterRules {
  const matching = RULES.filter(([owner, models]) => owner === provider && models.test(model));
  return Object.assign({}, ...matching.map(([, , rules]) => rules));
}

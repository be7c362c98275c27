/** What differs between Claude generations on the Messages API, decided by the model's name. */
export interface AnthropicModelTraits {
  /** `budget`: `thinking.budget_tokens`. `adaptive`: the model decides, steered by `output_config.effort`. */
  readonly thinking: 'none' | 'budget' | 'adaptive';
  /** How thinking is turned off: by leaving the field out, by a type of its own, or not at all. */
  readonly thinkingOff: 'omit' | 'disabled' | 'between_tools' | 'never';
  /** `output_config.effort` takes `xhigh`. */
  readonly extraHighEffort: boolean;
  /** `output_config.format` and strict tools are there. */
  readonly structuredOutput: boolean;
  /** `both`: `temperature` and `top_p`. `one`: either of them. `none`: a request that has one is refused. */
  readonly sampling: 'both' | 'one' | 'none';
  /** `tool_choice` may demand a call (`any`, `tool`). */
  readonly forcedTools: boolean;
}

/** `claude-sonnet-4-5-20250929`: the family first, then the version; a date is not a minor version. */
const FAMILY_FIRST = /claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/;
/** `claude-3-7-sonnet-20250219`: the names up to version 3.7. */
const VERSION_FIRST = /claude-(\d)(?:[-.](\d{1,2}))?-(opus|sonnet|haiku)/;

/**
 * Source: the vendor's "what's new" and migration pages per model (https://platform.claude.com/docs/en/models). A name
 * that says nothing is read as version 4.0, whose wire form every target understands.
 */
export function toModelTraits(model: string): AnthropicModelTraits {
  const { family, version } = toFamilyAndVersion(model);
  const isAlwaysThinking = family === 'fable' || family === 'mythos' || (family === 'opus' && version >= 505);
  const isAdaptive = isAlwaysThinking || version >= 406;
  const isNewSampling = isAlwaysThinking || version >= 500 || (family === 'opus' && version >= 407);
  return {
    thinking: isAdaptive ? 'adaptive' : version >= 307 ? 'budget' : 'none',
    thinkingOff: toThinkingOff(family, version, isAlwaysThinking),
    extraHighEffort: isNewSampling,
    structuredOutput: version >= 405,
    sampling: isNewSampling ? 'none' : version >= 405 || (family === 'opus' && version >= 401) ? 'one' : 'both',
    forcedTools: version < 505 && !((family === 'fable' || family === 'mythos') && version > 500),
  };
}

function toThinkingOff(
  family: string,
  version: number,
  isAlwaysThinking: boolean,
): AnthropicModelTraits['thinkingOff'] {
  if (isAlwaysThinking) return 'never';
  if (version < 500) return 'omit';
  return family === 'sonnet' && version >= 505 ? 'between_tools' : 'disabled';
}

/** Version 4.5 is 405. */
function toFamilyAndVersion(model: string): { family: string; version: number } {
  const current = FAMILY_FIRST.exec(model);
  if (current) return { family: current[1] as string, version: Number(current[2]) * 100 + Number(current[3] ?? 0) };
  const old = VERSION_FIRST.exec(model);
  if (old) return { family: old[3] as string, version: Number(old[1]) * 100 + Number(old[2] ?? 0) };
  return model.includes('claude-mythos') ? { family: 'mythos', version: 500 } : { family: '', version: 400 };
}

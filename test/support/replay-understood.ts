import type { Field } from './replay-compare.ts';
import type { ReplayOutcome } from './replay-run.ts';

interface Understood {
  readonly field: Field;
  readonly reason: string;
}

const ENDED_FOR_THE_CALL: Understood = {
  field: 'finish',
  reason:
    'Text Generation Inference ends a turn that called a tool with "stop". It is reported as "tool_calls", as for every ' +
    'vendor once a call was seen, because agent loops would end otherwise.',
};

/** Recordings whose expectation is not ours, and why. */
const UNDERSTOOD: Readonly<Record<string, Understood>> = {
  'huggingface-06a09d32b89d': ENDED_FOR_THE_CALL,
  'huggingface-75b2bb7dc6ca': ENDED_FOR_THE_CALL,
  'huggingface-976176eb28bc': ENDED_FOR_THE_CALL,
  'moonshot-1c9f996a5490': {
    field: 'usage',
    reason:
      "Moonshot reports tokens from its cache as `usage.cached_tokens`; the expectation reads OpenAI's place alone. " +
      'They are billed at the price of cached tokens, so they are reported as such.',
  },
};

/** Why an outcome may be wrong as it is; undefined when it is right, or wrong in any other way as well. */
export function reasonFor({ recording, wrong }: ReplayOutcome): string | undefined {
  const understood = UNDERSTOOD[recording.id];
  return understood && Object.keys(wrong).join() === understood.field ? understood.reason : undefined;
}

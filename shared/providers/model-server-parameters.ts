import type { ChatCapabilities } from '../contracts/chat-provider.ts';

/**
 * Parameters of servers of open models that OpenAI's API has not
 * (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html). vLLM honours all of them; every other provider
 * says here what becomes of those it has no equivalent for.
 */

/** Further knobs of sampling: an answer without them is the same kind of answer. */
const SAMPLING: ChatCapabilities['parameters'] = { top_k: 'drop', min_p: 'drop', repetition_penalty: 'drop' };

/** What the model is prompted with and what its answer may be. */
export const PROMPT_AND_GRAMMAR: ChatCapabilities['parameters'] = {
  chat_template_kwargs: 'refuse',
  structured_outputs: 'refuse',
  guided_json: 'refuse',
  guided_regex: 'refuse',
  guided_choice: 'refuse',
  guided_grammar: 'refuse',
  guided_decoding_backend: 'refuse',
  guided_whitespace_pattern: 'refuse',
};

/** For providers that have none of them. */
export const MODEL_SERVER_PARAMETERS: ChatCapabilities['parameters'] = { ...SAMPLING, ...PROMPT_AND_GRAMMAR };

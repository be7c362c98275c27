import { describe, expect, it } from 'vitest';
import { createOpenAICompatibleProvider } from '../../../shared/providers/openai-compatible.ts';
import { openai, vllm, xai } from '../../../shared/providers/openai-vendors.ts';

describe('capabilities of the compatible vendors', () => {
  it('say that OpenAI takes sound and files and honours its own parameters', () => {
    const { capabilities } = createOpenAICompatibleProvider(openai);
    expect(capabilities).toMatchObject({ tools: true, jsonSchema: true, audioInput: true, fileInput: true });
    expect(capabilities.parameters.store).toBeUndefined();
  });

  it('let parameters without an effect on the answer go and refuse the others', () => {
    for (const vendor of [xai, vllm]) {
      const { parameters } = createOpenAICompatibleProvider(vendor).capabilities;
      expect(parameters).toMatchObject({ store: 'drop', service_tier: 'drop', audio: 'refuse', functions: 'refuse' });
    }
  });

  it('leave live search to xAI', () => {
    expect(xai.capabilities?.parameters?.search_parameters).toBeUndefined();
    expect(openai.capabilities?.parameters?.search_parameters).toBe('refuse');
    expect(vllm.capabilities?.parameters?.search_parameters).toBe('refuse');
  });

  it('offer a probe for the target that may be down as a matter of course, and for no other', () => {
    expect(createOpenAICompatibleProvider(vllm).whyUnavailable).toBeTypeOf('function');
    expect(createOpenAICompatibleProvider(openai).whyUnavailable).toBeUndefined();
  });
});

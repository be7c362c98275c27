import { describe, expect, it } from 'vitest';
import { toFinishReason } from '../../../shared/providers/openai-finish.ts';

const plain = { provider: 'vendor', calledTool: false, usesFunctions: false };

describe('finish reason', () => {
  it.each([
    ['stop', 'stop'],
    ['eos_token', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['content_filter', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['something new', 'stop'],
    ['constructor', 'stop'],
  ])('turns %s into %s', (reason, finish) => {
    expect(toFinishReason(reason, plain)).toBe(finish);
  });

  it.each([
    ['stop', 'tool_calls'],
    ['tool_calls', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['length', 'length'],
    ['content_filter', 'content_filter'],
  ])('turns %s after a tool call into %s', (reason, finish) => {
    expect(toFinishReason(reason, { ...plain, calledTool: true })).toBe(finish);
  });

  it('is no tool call when there was none', () => {
    expect(toFinishReason('tool_calls', plain)).toBe('stop');
  });

  it('says function_call to callers of the function interface alone', () => {
    expect(toFinishReason('function_call', plain)).toBe('stop');
    expect(toFinishReason('function_call', { ...plain, usesFunctions: true })).toBe('function_call');
  });

  it.each(['error', 'abort', 'insufficient_system_resource'])('is an error when the vendor says %s', (reason) => {
    expect(() => toFinishReason(reason, plain)).toThrow(
      expect.objectContaining({ name: 'AppError', code: 'server_error', retryable: true }),
    );
  });
});

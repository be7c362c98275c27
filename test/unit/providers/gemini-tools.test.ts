import { describe, expect, test } from 'vitest';
import { toModelTraits } from '../../../shared/providers/gemini-model.ts';
import { toToolParams } from '../../../shared/providers/gemini-tools.ts';
import { toRequest } from './gemini-fake.ts';

const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } };

function convert(fields: object, model = 'gemini-3-flash-preview') {
  return toToolParams(toRequest(fields), { backend: 'gemini', traits: toModelTraits(model) });
}

describe('the choice', () => {
  test.each([
    ['auto', { mode: 'AUTO' }],
    ['none', { mode: 'NONE' }],
    ['required', { mode: 'ANY' }],
    [
      { type: 'function', function: { name: 'f' } },
      { mode: 'ANY', allowedFunctionNames: ['f'] },
    ],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
      { mode: 'ANY', allowedFunctionNames: ['f'] },
    ],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
      { mode: 'AUTO' },
    ],
  ])('%j', (choice, functionCallingConfig) => {
    expect(convert({ tools: [tool], tool_choice: choice }).toolConfig).toEqual({ functionCallingConfig });
  });

  test('among some tools keeps the others from the model, whether or not it must call', () => {
    const choose = (mode: string) => ({
      tools: [tool, { type: 'function', function: { name: 'g' } }],
      tool_choice: {
        type: 'allowed_tools',
        allowed_tools: { mode, tools: [{ type: 'function', function: { name: 'g' } }] },
      },
    });
    expect(convert(choose('auto'))).toEqual({
      tools: [{ functionDeclarations: [{ name: 'g' }] }],
      toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
    });
    expect(convert(choose('required')).toolConfig).toEqual({
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['g'] },
    });
  });

  test('is left to the vendor when unset, and left out when there is nothing to choose', () => {
    expect(convert({ tools: [tool] })).not.toHaveProperty('toolConfig');
    expect(convert({ tool_choice: 'auto' })).toEqual({});
  });

  test('of a custom tool is refused', () => {
    expect(() => convert({ tools: [tool], tool_choice: { type: 'custom', custom: { name: 'x' } } })).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'tool_choice' }),
    );
  });
});

describe('tools of Google', () => {
  test.each([
    [{ type: 'google_search' }, { googleSearch: {} }],
    [{ type: 'googleSearch' }, { googleSearch: {} }],
    [{ google_search: { excludeDomains: ['x.example'] } }, { googleSearch: { excludeDomains: ['x.example'] } }],
    [{ googleSearch: {} }, { googleSearch: {} }],
    [{ type: 'url_context' }, { urlContext: {} }],
    [{ type: 'code_execution' }, { codeExecution: {} }],
  ])('%j', (given, sent) => {
    expect(convert({ tools: [given] })).toEqual({ tools: [sent] });
  });

  test('stand beside functions when the service is told to expect it', () => {
    expect(convert({ tools: [tool, { type: 'google_search' }], tool_choice: 'auto' })).toEqual({
      tools: [
        { googleSearch: {} },
        { functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object', properties: {} } }] },
      ],
      toolConfig: { functionCallingConfig: { mode: 'AUTO' }, includeServerSideToolInvocations: true },
    });
  });

  test('include the search that OpenAI asks for in a parameter, once', () => {
    expect(convert({ web_search_options: {} }).tools).toEqual([{ googleSearch: {} }]);
    expect(convert({ web_search_options: {}, tools: [{ type: 'google_search' }] }).tools).toEqual([
      { googleSearch: {} },
    ]);
    expect(() => convert({ web_search_options: { user_location: { type: 'approximate' } } })).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'web_search_options.user_location' }),
    );
  });

  test('had another name before Gemini 2', () => {
    expect(convert({ tools: [{ type: 'google_search' }] }, 'gemini-1.5-pro').tools).toEqual([
      { googleSearchRetrieval: {} },
    ]);
  });
});

describe('functions', () => {
  test('of models before Gemini 2 have their schema in the older dialect, or none', () => {
    const parameters = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false };
    const tools = [tool, { type: 'function', function: { name: 'g', parameters } }];
    expect(convert({ tools }, 'gemini-1.5-flash').tools).toEqual([
      {
        functionDeclarations: [
          { name: 'f' },
          { name: 'g', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } },
        ],
      },
    ]);
  });

  test('are the only tools a client may define', () => {
    expect(() => convert({ tools: [{ type: 'custom', custom: { name: 'x' } }] })).toThrow(
      expect.objectContaining({ code: 'unsupported', param: 'tools[0]' }),
    );
  });
});

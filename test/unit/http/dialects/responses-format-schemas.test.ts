import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import { loadSchema } from '../../../support/recordings.ts';
import {
  CALLS,
  CITATION,
  createTestFormat,
  EVENTFUL,
  finalResponse,
  parseBody,
  readEvents,
  type ServerEvent,
  toDeltaEvent,
  toResult,
  writeEvents,
  writeResponse,
} from './responses-support.ts';

const responseSchema = compile('responses-response');
const eventSchema = compile('responses-stream-event');

describe.skipIf(!responseSchema || !eventSchema)("OpenAI's own JSON Schemas [optional]", () => {
  it.each([
    ['a text', toResult({ content: 'Hello', annotations: [CITATION] })],
    ['reasoning and calls', toResult({ reasoning_content: 'hm', content: 'x', tool_calls: CALLS }, 'tool_calls')],
    ['a refusal', toResult({ refusal: 'no' })],
    ['a cut text', toResult({ content: 'Hel' }, 'length')],
    ['a filtered answer', toResult({}, 'content_filter')],
    [
      'a custom call',
      toResult({ tool_calls: [{ id: 'c', type: 'custom', custom: { name: 'p', input: 'x' } }] }, 'tool_calls'),
    ],
  ])('accept %s', (_title, result) => {
    const body = parseBody({
      instructions: 'Be brief.',
      tools: [
        { type: 'function', name: 'f' },
        { type: 'custom', name: 'p', format: { type: 'text' } },
      ],
      tool_choice: { type: 'function', name: 'f' },
      text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' } } },
      reasoning: { effort: 'low', summary: 'auto' },
    });
    expect(problemsOf(responseSchema, writeResponse(result, createTestFormat(body)))).toEqual([]);
  });

  it('accept every event of a stream', async () => {
    const events = await writeEvents(EVENTFUL);
    for (const event of events) expect(problemsOf(eventSchema, event)).toEqual([]);
    expect(problemsOf(responseSchema, finalResponse(events))).toEqual([]);
  });

  it('accept a stream that was cut, one with a custom call, and one that failed', async () => {
    const cut = await writeEvents([toDeltaEvent({ content: 'Hel' }), toDeltaEvent({}, { finish_reason: 'length' })]);
    const call = { index: 0, id: 'c', type: 'custom', custom: { name: 'p', input: 'x' } };
    const custom = await writeEvents([toDeltaEvent({ tool_calls: [call as never] }, { finish_reason: 'tool_calls' })]);
    expect(custom.map(({ type }) => type)).toContain('response.custom_tool_call_input.done');
    const failed = readEvents(createTestFormat().toErrorPiece?.(new AppError('network', 'Gone.')) ?? '');
    for (const event of [...cut, ...custom, ...failed]) expect(problemsOf(eventSchema, event)).toEqual([]);
  });

  it('refuse what is not a response', () => {
    expect(
      problemsOf(responseSchema, { ...writeResponse(toResult({ content: 'x' })), output: [{ type: 'message' }] }),
    ).not.toEqual([]);
    expect(problemsOf(eventSchema, { type: 'response.output_text.delta' })).not.toEqual([]);
  });
});

function compile(name: string): ValidateFunction | undefined {
  const schema = loadSchema(name);
  return schema && new Ajv2020({ strict: false, validateFormats: false, validateSchema: false }).compile(schema);
}

function problemsOf(validate: ValidateFunction | undefined, value: ServerEvent | object): unknown[] {
  return validate?.(value) ? [] : (validate?.errors ?? ['no schema']);
}

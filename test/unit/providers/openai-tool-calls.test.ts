import { describe, expect, it } from 'vitest';
import { createToolCallTracker } from '../../../shared/providers/openai-tool-calls.ts';

type Fragment = Record<string, unknown>;

/** The calls a client would have put together. */
function join(fragments: readonly Fragment[][]): { id: string; name: string; text: string }[] {
  const tracker = createToolCallTracker('vendor');
  const calls: { id: string; name: string; text: string }[] = [];
  for (const delta of [...fragments.flatMap((list) => tracker.push(list)), ...tracker.end()]) {
    calls[delta.index] ??= { id: '', name: '', text: '' };
    const call = calls[delta.index] as { id: string; name: string; text: string };
    call.id += delta.id ?? '';
    call.name += delta.function?.name ?? '';
    call.text += delta.function?.arguments ?? '';
  }
  return calls;
}

function call(fields: Fragment, name?: string, args?: unknown): Fragment {
  return { ...fields, function: { ...(name === undefined ? {} : { name }), arguments: args } };
}

describe('tool call tracker', () => {
  it('joins interleaved fragments by index', () => {
    const calls = join([
      [call({ index: 0, id: 'a' }, 'f', ''), call({ index: 1, id: 'b' }, 'g', '')],
      [call({ index: 1 }, undefined, '{"x":')],
      [call({ index: 0 }, undefined, '{}')],
      [call({ index: 1 }, undefined, '1}')],
    ]);
    expect(calls).toEqual([
      { id: 'a', name: 'f', text: '{}' },
      { id: 'b', name: 'g', text: '{"x":1}' },
    ]);
  });

  it('reads an index that is written as text', () => {
    const calls = join([
      [call({ index: '0', id: 'a' }, 'f', ''), call({ index: '1', id: 'b' }, 'g', '{}')],
      [call({ index: '0' }, undefined, '{"x":1}')],
    ]);
    expect(calls.map(({ text }) => text)).toEqual(['{"x":1}', '{}']);
  });

  it('counts from zero when the vendor counts from elsewhere', () => {
    const calls = join([[call({ index: 3, id: 'a' }, 'f', '{}')], [call({ index: 7, id: 'b' }, 'g', '{}')]]);
    expect(calls.map(({ name }) => name)).toEqual(['f', 'g']);
  });

  it('tells whole calls without an index apart by their ids', () => {
    expect(join([[call({ id: 'a' }, 'f', '{}')], [call({ id: 'b' }, 'f', '{"x":1}')]])).toEqual([
      { id: 'a', name: 'f', text: '{}' },
      { id: 'b', name: 'f', text: '{"x":1}' },
    ]);
  });

  it('tells whole calls apart that all say index 0', () => {
    const calls = join([[call({ index: 0, id: 'a' }, 'f', '{}'), call({ index: 0, id: 'b' }, 'g', '{}')]]);
    expect(calls.map(({ id, name }) => [id, name])).toEqual([
      ['a', 'f'],
      ['b', 'g'],
    ]);
  });

  it('tells whole calls apart that have neither index nor id', () => {
    const calls = join([[call({}, 'f', '{"a":1}'), call({}, 'f', '{"a":2}')]]);
    expect(calls.map(({ text }) => text)).toEqual(['{"a":1}', '{"a":2}']);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
  });

  it('keeps one call together whose id and name are on every fragment', () => {
    const calls = join([[call({ index: 0, id: 'a' }, 'f', '{"x"')], [call({ index: 0, id: 'a' }, 'f', ':1}')]]);
    expect(calls).toEqual([{ id: 'a', name: 'f', text: '{"x":1}' }]);
  });

  it('passes on a name that comes after the id', () => {
    const calls = join([[{ index: 0, id: 'a', type: 'function' }], [call({ index: 0 }, 'f', '{}')]]);
    expect(calls).toEqual([{ id: 'a', name: 'f', text: '{}' }]);
  });

  it.each([
    ['', ''],
    ['null', null],
    ['nothing', undefined],
    ['blanks', ' '],
  ])('completes arguments that are %s to an empty object', (_, args) => {
    const [joined] = join([[call({ index: 0, id: 'a' }, 'f', args)]]);
    expect(JSON.parse(joined?.text ?? '')).toEqual({});
  });

  it('encodes arguments that were sent as an object', () => {
    expect(join([[call({ index: 0, id: 'a' }, 'f', { x: 1 })]])).toEqual([{ id: 'a', name: 'f', text: '{"x":1}' }]);
  });

  it('makes up ids that are missing or repeated', () => {
    const calls = join([[call({ index: 0, id: null }, 'f', '{}'), call({ index: 1, id: '' }, 'f', '{}')]]);
    expect(calls[0]?.id).toMatch(/^call_/);
    expect(calls[1]?.id).not.toBe(calls[0]?.id);
  });

  it('keeps what else a vendor put on a call', () => {
    const extra = { google: { thought_signature: 'abc' } };
    const [delta] = createToolCallTracker('vendor').push([
      call({ index: 0, id: 'a', extra_content: extra }, 'f', '{}'),
    ]);
    expect(delta).toMatchObject({ extra_content: extra });
  });

  it('passes calls of free-text tools as they are', () => {
    const tracker = createToolCallTracker('vendor');
    const deltas = tracker.push([
      { index: 0, id: 'a', type: 'custom', custom: { name: 'shell', input: 'l' } },
      { index: 0, custom: { input: 's' } },
    ]);
    expect(deltas).toEqual([
      { index: 0, id: 'a', type: 'custom', custom: { name: 'shell', input: 'l' } },
      { index: 0, custom: { input: 's' } },
    ]);
    expect(tracker.end()).toEqual([]);
  });

  it('refuses a call that never gets a name', () => {
    expect(() => join([[call({ index: 0, id: 'a' }, undefined, '{}')]])).toThrow(
      expect.objectContaining({ name: 'AppError', code: 'server_error' }),
    );
  });
});

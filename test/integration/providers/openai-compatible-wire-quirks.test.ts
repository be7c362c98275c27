import { describe, expect, it } from 'vitest';
import { createOpenAICompatibleProvider } from '../../../shared/providers/openai-compatible.ts';
import { loadQuirk } from '../../support/recordings.ts';
import { replay } from '../../support/replay.ts';
import type { ReplayMode } from '../../support/replay-server.ts';

const call = (name: string, args: unknown) => ({ name, args });

const QUIRKS: Record<string, { text?: string; tools?: object[]; finish?: string; usage?: object }> = {
  'comment-keepalives': { text: 'a' },
  'crlf-separators': { text: 'ab' },
  'event-and-id-and-retry-fields': { text: 'a' },
  'multi-line-data': { text: 'a' },
  'no-done': { text: 'a' },
  'no-final-blank-line': { text: 'a' },
  'no-space-after-colon': { text: 'a' },
  'null-delta-fields': { text: 'a' },
  'tool-args-empty-string': { tools: [call('now', {})], finish: 'tool_calls' },
  'tool-call-whole-in-one-chunk-no-index': { tools: [call('f', {})], finish: 'tool_calls' },
  'tool-calls-interleaved-indices': { tools: [call('f', {}), call('g', { x: 1 })], finish: 'tool_calls' },
  'usage-in-last-content-chunk': { text: 'a', usage: { prompt: 1, completion: 1 } },
  'usage-on-every-chunk-cumulative': { text: 'aaa', usage: { prompt: 5, completion: 3 } },
  'utf8-astral-and-line-separators': { text: '日本語 🎉 \u2028\u2029 \u0085 é' },
};

describe.each(Object.entries(QUIRKS))(
  'the wire quirk %s',
  (name, { text = '', tools = [], finish = 'stop', usage }) => {
    const sse = loadQuirk(name);

    it.skipIf(sse === undefined).each<ReplayMode>(['whole', 'bytes', 'cut'])('is read right (%s)', async (mode) => {
      const expected = {
        text,
        reasoning: '',
        refusal: '',
        tool_calls: tools,
        finish,
        usage: usage ?? null,
        error: null,
      };
      const recording = {
        id: name,
        provider: 'vendor',
        api: 'chat.completions',
        tags: [],
        request: { url: '' },
        response: { status: 200, headers: {}, json: null, sse: sse ?? '' },
        expect: expected as never,
      };
      const provider = createOpenAICompatibleProvider({ id: 'vendor' });
      expect((await replay(recording, { provider, mode })).wrong).toEqual({});
    });
  },
);

import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/contracts/app-error.ts';
import { openStreamBody, type StreamBodyOptions } from '../../../shared/providers/stream-body.ts';
import { createScriptedFetch } from '../../contracts/scripted-fetch.ts';

const EVENTS = 'data: {"a":1}\n\ndata: [DONE]\n\n';

/** Reads as the providers do: an error object throws what it stands for, and so does what is no JSON. */
function read(json: string): void {
  let body: { error?: unknown };
  try {
    body = JSON.parse(json) as { error?: unknown };
  } catch {
    throw new AppError('server_error', 'No JSON.');
  }
  if (body.error) throw new AppError('rate_limit', 'Slow down.');
}

interface Upstream {
  readonly body: string;
  readonly type?: string;
  readonly bytesPerRead?: number;
}

async function open({ body, type = 'application/json', bytesPerRead }: Upstream, fields?: Partial<StreamBodyOptions>) {
  const { fetch, exchanges } = createScriptedFetch(() => ({
    headers: { 'content-type': type },
    body,
    ...(bytesPerRead === undefined ? {} : { bytesPerRead }),
  }));
  const opened = await openStreamBody(await fetch('http://127.0.0.1/'), { provider: 'vendor', read, ...fields });
  return { opened, exchange: exchanges[0] };
}

async function textOf({ opened }: Awaited<ReturnType<typeof open>>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of opened.chunks()) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

describe('the body of a stream', () => {
  it.each([1, 7, 1_000])('that is named JSON and holds events is read as it came (%d bytes a read)', async (bytes) => {
    for (const body of [EVENTS, `event: x\n${EVENTS}`, `id: 1\n${EVENTS}`, `: ping\n\n${EVENTS}`, `\n\n${EVENTS}`]) {
      expect(await textOf(await open({ body, bytesPerRead: bytes }))).toBe(body);
    }
  });

  it('is not waited for beyond its first bytes', async () => {
    const { opened, exchange } = await open({ body: EVENTS, bytesPerRead: 8 });
    const pieces = opened.chunks()[Symbol.asyncIterator]();
    expect((await pieces.next()).value).toHaveLength(8);
    await pieces.return?.();
    expect(exchange?.abandoned).toBe(true);
  });

  it('is not looked into when it is named a stream', async () => {
    const body = '{"error":{}}';
    expect(await textOf(await open({ body, type: 'text/event-stream' }))).toBe(body);
  });

  it.each([1, 1_000])(
    'that is a finished answer is one for a provider that reads those (%d bytes a read)',
    async (bytes) => {
      const body = ' {"answer": 42}';
      expect(await textOf(await open({ body, bytesPerRead: bytes }, { takesWhole: true }))).toBe(body);
      await expect(open({ body, bytesPerRead: bytes })).rejects.toMatchObject({
        code: 'server_error',
        retryable: false,
      });
    },
  );

  it('that is a list is read once its first element is known to be no error', async () => {
    const body = '[{"answer": 42},{"answer": 43}]';
    expect(await textOf(await open({ body, bytesPerRead: 1 }))).toBe(body);
  });

  it.each([
    ['an error object', '{"error":{"code":429}}', 'rate_limit'],
    ['a list with an error', '[{"error":{"code":429}},{"answer":42}]', 'rate_limit'],
    ['no JSON', 'Internal Server Error', 'server_error'],
    ['JSON that is cut off', '{"answer":', 'server_error'],
    ['nothing', '', 'server_error'],
  ])('is refused before it starts when it is %s', async (_, body, code) => {
    for (const takesWhole of [false, true]) {
      await expect(open({ body, bytesPerRead: 5 }, { takesWhole })).rejects.toMatchObject({ name: 'AppError', code });
    }
  });
});

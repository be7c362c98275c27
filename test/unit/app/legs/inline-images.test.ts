import { describe, expect, it } from 'vitest';
import { createInlineImages } from '../../../../shared/app/legs/inline-images.ts';
import { AppError } from '../../../../shared/contracts/app-error.ts';
import type { ChatRequest } from '../../../../shared/contracts/chat-provider.ts';
import type { HttpFetch } from '../../../../shared/contracts/http-fetch.ts';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2]);
const signal = new AbortController().signal;

/** A transport that serves these bytes, or fails, and remembers what it was asked for. */
function server(answers: Readonly<Record<string, Buffer | number | Error>>) {
  const asked: string[] = [];
  const fetch: HttpFetch = async (url) => {
    asked.push(url);
    const answer = answers[url];
    if (answer === undefined || answer instanceof Error) throw answer ?? new AppError('blocked_url', 'No.');
    const status = typeof answer === 'number' ? answer : 200;
    const body = typeof answer === 'number' ? Buffer.from('gone') : answer;
    return {
      status,
      ok: status === 200,
      headers: { get: () => null },
      text: async () => body.toString('utf8'),
      async *chunks() {
        yield body.subarray(0, 3);
        yield body.subarray(3);
      },
    };
  };
  return { fetch, asked };
}

function ask(...urls: readonly string[]): ChatRequest {
  return {
    model: 'm',
    messages: [
      { role: 'system', content: 'Look.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          ...urls.map((url) => ({ type: 'image_url' as const, image_url: { url, detail: 'low' as const } })),
        ],
      },
    ],
  };
}

function imageUrls({ messages }: ChatRequest): string[] {
  return messages.flatMap(({ content }) =>
    Array.isArray(content) ? content.flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : [])) : [],
  );
}

describe('images by URL', () => {
  it('become data URLs of the type their bytes have, and the request is not changed', async () => {
    const { fetch } = server({
      'https://a.example/1': PNG,
      'https://a.example/2.png': Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
      'https://a.example/3': Buffer.from('GIF89a..'),
      'https://a.example/4': Buffer.from('RIFF1234WEBPVP8 '),
    });
    const given = ask('https://a.example/1', 'https://a.example/2.png', 'https://a.example/3', 'https://a.example/4');
    const before = structuredClone(given);
    const urls = imageUrls(await createInlineImages(fetch)(given, signal));
    expect(urls.map((url) => url.split(';')[0])).toEqual([
      'data:image/png',
      'data:image/jpeg',
      'data:image/gif',
      'data:image/webp',
    ]);
    expect(urls[0]).toBe(`data:image/png;base64,${PNG.toString('base64')}`);
    expect(given).toEqual(before);
  });

  it('are fetched once for all legs and attempts, and again after a failure', async () => {
    const answers: Record<string, Buffer | Error> = { 'https://a.example/1': new AppError('network', 'down') };
    const { fetch, asked } = server(answers);
    const inline = createInlineImages(fetch);
    await expect(inline(ask('https://a.example/1'), signal)).rejects.toMatchObject({ code: 'unsupported' });
    answers['https://a.example/1'] = PNG;
    await inline(ask('https://a.example/1', 'https://a.example/1'), signal);
    await inline(ask('https://a.example/1'), signal);
    expect(asked).toHaveLength(2);
  });

  it('cost nothing where there are none', async () => {
    const { fetch, asked } = server({});
    const given = ask('data:image/png;base64,AAAA');
    expect(await createInlineImages(fetch)(given, signal)).toBe(given);
    expect(asked).toEqual([]);
  });

  it.each([
    ['a server that says no', 404, /answered 404/],
    ['what is no image', Buffer.from('<html>'), /no PNG/],
    ['nothing at all', Buffer.alloc(0), /no PNG/],
    ['a network that fails', new AppError('network', 'connect ECONNREFUSED 10.0.0.5'), /could not be reached/],
    ['an address that is blocked', new AppError('blocked_url', 'blocked'), /could not be reached/],
  ] as const)('are refused with the part’s name for %s', async (_, answer, message) => {
    const { fetch } = server({ 'https://a.example/1': answer });
    const result = createInlineImages(fetch)(ask('https://a.example/1'), signal);
    await expect(result).rejects.toMatchObject({ code: 'unsupported', param: 'messages[1].content[1].image_url.url' });
    await expect(result).rejects.toThrow(message);
    await expect(result).rejects.not.toThrow(/10\.0\.0\.5/);
  });

  it.each([
    ['an image on a disk', { type: 'image_url', image_url: { url: 'file:///etc/passwd' } }],
    ['an image at no address', { type: 'image_url', image_url: { url: ' https://a.example/1' } }],
    ['a video', { type: 'video_url', video_url: { url: 'https://a.example/1' } }],
    ['a recording', { type: 'audio_url', audio_url: { url: 'http://169.254.169.254/' } }],
  ])('are the only links that are fetched: %s is refused with the part’s name', async (_, part) => {
    const { fetch, asked } = server({});
    const request = { model: 'm', messages: [{ role: 'user', content: [part] }] } as unknown as ChatRequest;
    await expect(createInlineImages(fetch)(request, signal)).rejects.toMatchObject({
      code: 'unsupported',
      param: `messages[0].content[0].${part.type}.url`,
    });
    expect(asked).toEqual([]);
  });

  it('are ten at most', async () => {
    const urls = Array.from({ length: 11 }, (_, index) => `https://a.example/${index}`);
    const { fetch } = server(Object.fromEntries(urls.map((url) => [url, PNG])));
    await expect(createInlineImages(fetch)(ask(...urls), signal)).rejects.toThrow(/At most 10/);
  });

  it('end with the request that wanted them', async () => {
    const { fetch } = server({ 'https://a.example/1': new AppError('cancelled', 'The client went away.') });
    const gone = AbortSignal.abort();
    await expect(createInlineImages(fetch)(ask('https://a.example/1'), gone)).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

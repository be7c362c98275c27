import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../../shared/contracts/chat-provider.ts';
import { toContentParts } from '../../../shared/providers/gemini-content.ts';
import type { GeminiBackend } from '../../../shared/providers/gemini-types.ts';

function convert(part: object, backend: GeminiBackend = 'gemini') {
  return toContentParts({ role: 'user', content: [part] } as ChatMessage, 'messages[0]', backend)[0];
}

const image = (url: string) => ({ type: 'image_url', image_url: { url } });
const file = (fields: object) => ({ type: 'file', file: fields });

describe('data in the request goes inline', () => {
  test.each([
    [image('data:image/png;base64,AAAA'), 'image/png', 'AAAA'],
    [image('data:image/svg+xml,%3Csvg%2F%3E'), 'text/plain', Buffer.from('<svg/>').toString('base64')],
    [{ type: 'video_url', video_url: { url: 'data:video/mp4;base64,AAAA' } }, 'video/mp4', 'AAAA'],
    [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }, 'audio/wav', 'AAAA'],
    [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } }, 'audio/mp3', 'AAAA'],
    [file({ file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' }), 'application/pdf', 'AAAA'],
    [file({ file_data: 'data:;base64,AAAA', filename: 'a.pdf' }), 'application/pdf', 'AAAA'],
    [file({ file_data: 'data:application/json;charset=utf-8;base64,AAAA' }), 'text/plain', 'AAAA'],
  ])('%j', (part, mimeType, data) => {
    expect(convert(part)).toEqual({ inlineData: { mimeType, data } });
  });
});

describe('a URL is for Google to fetch', () => {
  test.each([
    [image('https://x.example/cat.PNG?size=1'), { mimeType: 'image/png', fileUri: 'https://x.example/cat.PNG?size=1' }],
    [
      file({ file_data: 'https://x.example/a.pdf' }),
      { mimeType: 'application/pdf', fileUri: 'https://x.example/a.pdf' },
    ],
    [
      { type: 'video_url', video_url: { url: 'https://youtu.be/abc' } },
      { mimeType: 'video/mp4', fileUri: 'https://youtu.be/abc' },
    ],
    [
      file({ file_id: 'https://generativelanguage.googleapis.com/v1beta/files/abc' }),
      { fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/abc' },
    ],
  ])('%j', (part, fileData) => {
    expect(convert(part)).toEqual({ fileData });
  });

  test('Vertex AI is told a media type even where the URL does not', () => {
    expect(convert(image('https://x.example/cat'), 'vertexai')).toEqual({
      fileData: { mimeType: 'image/jpeg', fileUri: 'https://x.example/cat' },
    });
    expect(convert({ type: 'audio_url', audio_url: { url: 'gs://bucket/a.flac' } }, 'vertexai')).toEqual({
      fileData: { mimeType: 'audio/flac', fileUri: 'gs://bucket/a.flac' },
    });
  });
});

describe('what cannot be read is refused by its path', () => {
  test.each([
    [image('http://x.example/cat.png'), 'gemini', 'unsupported', 'image_url.url'],
    [image('gs://bucket/cat.png'), 'gemini', 'unsupported', 'image_url.url'],
    [image('file:///etc/passwd'), 'vertexai', 'unsupported', 'image_url.url'],
    [image('data:,'), 'gemini', 'invalid_request', 'image_url.url'],
    [image('data:;base64,eA=='), 'gemini', 'unsupported', 'image_url.url'],
    [file({ file_data: 'https://x.example/unknown' }), 'vertexai', 'unsupported', 'file.file_data'],
    [file({ file_id: 'file-abc' }), 'gemini', 'unsupported', 'file'],
    [file({}), 'gemini', 'unsupported', 'file'],
    [{ type: 'hologram' }, 'gemini', 'unsupported', 'type'],
  ] as const)('%j on %s', (part, backend, code, path) => {
    expect(() => convert(part, backend)).toThrow(
      expect.objectContaining({ code, param: `messages[0].content[0].${path}` }),
    );
  });
});

import {
  createScriptedServer,
  type RecordedRequest,
  type ScriptedAnswer,
  type ScriptedServer,
} from './scripted-server.ts';

type Answers = Readonly<Record<string, ScriptedAnswer | ((request: RecordedRequest) => ScriptedAnswer)>>;

export interface OllamaUpstream extends Pick<ScriptedServer, 'origin' | 'requests' | 'close'> {
  /** Takes the place of the answers of these paths from now on. */
  answer(answers: Answers): void;
  /** Path of each request so far. */
  paths(): string[];
}

const MODEL = 'phi3.5:3.8b-mini-instruct-q4_K_M';
const COUNTS = { prompt_eval_count: 12, eval_count: 30 };

/** A local Ollama: one model, which answers what it is told to here. */
export async function createOllamaUpstream(): Promise<OllamaUpstream> {
  let current: Answers = {
    '/api/tags': { body: { models: [{ name: MODEL, size: 2_393_232_672 }] } },
    '/api/chat': (request) => toAnswer(request, (text) => ({ message: { role: 'assistant', content: text } })),
    '/api/generate': (request) => toAnswer(request, (text) => ({ response: text })),
  };
  const { origin, requests, close } = await createScriptedServer((request) => {
    const answer = current[request.url] ?? { status: 404, body: '404 page not found' };
    return typeof answer === 'function' ? answer(request) : answer;
  });
  return {
    origin,
    requests,
    close,
    answer: (answers) => {
      current = { ...current, ...answers };
    },
    paths: () => requests.map(({ url }) => url),
  };
}

function toAnswer(request: RecordedRequest, toFields: (text: string) => object): ScriptedAnswer {
  const { model, stream } = request.json() as { readonly model: string; readonly stream: boolean };
  const toLine = (text: string, end: object) => ({
    model,
    created_at: '2026-03-01T12:00:00Z',
    ...toFields(text),
    ...end,
  });
  const end = { done: true, done_reason: 'stop', ...COUNTS };
  if (!stream) return { body: toLine('Hello from home.', end) };
  const lines = [toLine('Hello ', { done: false }), toLine('from home.', { done: false }), toLine('', end)];
  return {
    headers: { 'content-type': 'application/x-ndjson' },
    pieces: lines.map((line) => `${JSON.stringify(line)}\n`),
  };
}

import { createServer } from 'node:http';

/**
 * A gateway as one writes it with Genkit and its plugin for OpenAI's format: a chat request in, Genkit's call, OpenAI's
 * form out. Without a flow around it, without spans, and without the developer's server, which only development starts.
 */
interface Message {
  readonly role: string;
  readonly content: readonly { readonly text: string }[];
}

interface Asked {
  readonly model: string;
  readonly messages: readonly Message[];
}

interface Genkit {
  generate(asked: Asked): Promise<{ readonly text: string; readonly finishReason: string }>;
  generateStream(asked: Asked): { readonly stream: AsyncIterable<{ readonly text: string }> };
}

/** Only the bench installs these packages, so neither the repository nor the types know them. */
const load = async <Module>(specifier: string): Promise<Module> => (await import(specifier)) as Module;

const { disableGenkitOTelInitialization } = await load<{ disableGenkitOTelInitialization(): void }>('genkit/tracing');
disableGenkitOTelInitialization();
const { genkit } = await load<{ genkit(options: { plugins: unknown[] }): Genkit }>('genkit');
const { openAICompatible } = await load<{
  openAICompatible(options: { name: string; baseURL: string; apiKey: string }): unknown;
}>('@genkit-ai/compat-oai');

const ai = genkit({
  plugins: [openAICompatible({ name: 'bench', baseURL: `${process.env.UPSTREAM}/v1`, apiKey: 'upstream-key' })],
});
const head = { id: 'chatcmpl-1', created: 1_760_000_000, model: 'bench' };

function toMessage({ role, content }: { role: string; content: string }): Message {
  return { role: role === 'assistant' ? 'model' : role, content: [{ text: content }] };
}

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end('ready');
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', async () => {
    const { messages, stream } = JSON.parse(Buffer.concat(parts).toString('utf8'));
    const asked = { model: 'bench/gpt-4o-mini', messages: messages.map(toMessage) };
    if (stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for await (const { text: content } of ai.generateStream(asked).stream) {
        if (content === '') continue;
        const choices = [{ index: 0, delta: { content }, finish_reason: null }];
        response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices })}\n\n`);
      }
      response.end('data: [DONE]\n\n');
      return;
    }
    const { text: content, finishReason } = await ai.generate(asked);
    response.setHeader('content-type', 'application/json');
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }];
    response.end(JSON.stringify({ ...head, object: 'chat.completion', choices }));
  });
}).listen(Number(process.env.PORT), '127.0.0.1');

import { createServer } from 'node:http';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';

/** A gateway as one writes it with the AI SDK: a chat request in, the SDK's call, OpenAI's form out. */
const provider = createOpenAICompatible({
  name: 'bench',
  baseURL: `${process.env.UPSTREAM}/v1`,
  apiKey: 'upstream-key',
});
const head = { id: 'chatcmpl-1', created: 1_760_000_000, model: 'bench' };

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end('ready');
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', async () => {
    const { messages, stream } = JSON.parse(Buffer.concat(parts).toString('utf8'));
    const model = provider('gpt-4o-mini');
    if (stream) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for await (const content of streamText({ model, messages }).textStream) {
        const choices = [{ index: 0, delta: { content }, finish_reason: null }];
        response.write(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices })}\n\n`);
      }
      response.end('data: [DONE]\n\n');
      return;
    }
    const { text: content, finishReason } = await generateText({ model, messages });
    response.setHeader('content-type', 'application/json');
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason }];
    response.end(JSON.stringify({ ...head, object: 'chat.completion', choices }));
  });
}).listen(Number(process.env.PORT), '127.0.0.1');

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
  /** The text as JSON, where it is an object. */
  // biome-ignore lint/suspicious/noExplicitAny: any answer of the gateway
  readonly body: any;
}

/** Sends a JSON body and reads the whole answer. */
export async function post(url: string, body: object): Promise<PostAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : undefined };
}

/** A chat request with one user message. */
export function chat(origin: string, model: string, fields: object = {}): Promise<PostAnswer> {
  return post(`${origin}/v1/chat/completions`, { model, messages: [{ role: 'user', content: 'Hi' }], ...fields });
}

import { setTimeout as pause } from 'node:timers/promises';

export interface SentDocument {
  readonly id: string;
  readonly status: string;
  readonly message: string;
  readonly attempts: number;
}

export interface SendDocumentsOptions {
  readonly url: string;
  readonly documents: readonly { readonly id: string; readonly text: string }[];
  readonly onDone: () => void;
}

const AT_ONCE = 4;
const MAX_ATTEMPTS = 40;
const WAIT_MS = 1_000;

/** Sends each document by itself, and again for as long as the answer says that it may be tried again. */
export async function sendDocuments({ url, documents, onDone }: SendDocumentsOptions): Promise<SentDocument[]> {
  const results: SentDocument[] = [];
  const rest = documents.values();
  const work = async (): Promise<void> => {
    for (const document of rest) {
      results.push(await send(url, document));
      onDone();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

async function send(url: string, document: { readonly id: string }): Promise<SentDocument> {
  const { id } = document;
  for (let attempts = 1; ; attempts += 1) {
    const { status, message } = await post(url, document);
    if (status === 'ready' || status === 'unchanged' || attempts === MAX_ATTEMPTS) {
      return { id, status, message, attempts };
    }
    await pause(WAIT_MS);
  }
}

async function post(url: string, document: object): Promise<Pick<SentDocument, 'status' | 'message'>> {
  try {
    const response = await fetch(`${url}/v1/documents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(document),
    });
    const { data = [], error } = (await response.json()) as {
      data?: { status: string; error?: { message: string } }[];
      error?: { message: string };
    };
    const [result] = data;
    return {
      status: result?.status ?? String(response.status),
      message: result?.error?.message ?? error?.message ?? '',
    };
  } catch (error) {
    return { status: 'no answer', message: String((error as { cause?: unknown }).cause ?? error) };
  }
}

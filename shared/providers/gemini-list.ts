import { AppError } from '../contracts/app-error.ts';
import type { ChatCall } from '../contracts/chat-provider.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';

interface ModelPage {
  readonly models?: readonly { readonly name?: string; readonly supportedGenerationMethods?: readonly string[] }[];
  readonly nextPageToken?: string;
}

/** More pages than this mean that the upstream repeats itself. */
const MAX_PAGES = 20;

/** Names, without `models/`, of the models that generate content, through all pages. */
export async function listGeminiModels(
  { fetch, signal }: Pick<ChatCall, 'fetch' | 'signal'>,
  { url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
): Promise<string[]> {
  const names: string[] = [];
  let pageToken: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = new URLSearchParams({ pageSize: '1000', ...(pageToken === undefined ? {} : { pageToken }) });
    const response = await fetch(`${url}?${query}`, { headers: { accept: 'application/json', ...headers }, signal });
    const body = await response.text();
    if (!response.ok) {
      throw toUpstreamError({ provider: 'gemini', status: response.status, body, headers: response.headers });
    }
    const { models = [], nextPageToken } = parsePage(body);
    for (const { name, supportedGenerationMethods: methods } of models) {
      if (name && (methods?.includes('generateContent') ?? true)) names.push(name.replace(/^models\//, ''));
    }
    if (!nextPageToken) break;
    pageToken = nextPageToken;
  }
  return names;
}

function parsePage(body: string): ModelPage {
  try {
    return JSON.parse(body) as ModelPage;
  } catch (cause) {
    throw new AppError('server_error', 'gemini answered with something that is not JSON.', { cause });
  }
}

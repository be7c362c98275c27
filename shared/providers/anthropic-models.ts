import { AppError, toAppError } from '../contracts/app-error.ts';
import type { ChatCall } from '../contracts/chat-provider.ts';
import { toUpstreamError } from '../resilience/upstream-error.ts';

type ListCall = Pick<ChatCall, 'fetch' | 'signal' | 'credential'> & {
  readonly endpoint: string;
  readonly apiVersion: string;
};

/** Names of the models the account may use, by the vendor's own client, which knows how to page. */
export async function listAnthropicModels({
  fetch,
  signal,
  credential,
  endpoint,
  apiVersion,
}: ListCall): Promise<readonly string[]> {
  const { default: Anthropic, APIError } = await import('@anthropic-ai/sdk');
  const { toSdkFetch } = await import('./sdk-fetch.ts');
  const client = new Anthropic({
    // Present, so that the client looks for no other in the environment or on disk.
    apiKey: credential ?? 'none',
    baseURL: endpoint,
    // The client sends the key as a bearer token, which belongs to newer versions of the API than ours.
    defaultHeaders: { authorization: null, 'anthropic-version': apiVersion, 'x-api-key': credential ?? null },
    fetch: toSdkFetch(fetch),
    maxRetries: 0,
  });
  const names: string[] = [];
  try {
    for await (const model of client.models.list({ limit: 1000 }, { signal })) names.push(model.id);
  } catch (error) {
    // The client wraps what its transport throws, and refusals in classes of its own.
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof AppError) throw cause;
    if (error instanceof APIError && typeof error.status === 'number') {
      throw toUpstreamError({
        provider: 'anthropic',
        status: error.status,
        body: JSON.stringify(error.error ?? null),
        headers: error.headers ?? { get: () => null },
      });
    }
    throw toAppError(error, signal);
  }
  return names;
}

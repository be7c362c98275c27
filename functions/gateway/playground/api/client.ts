import { ApiError } from './api-error.ts';

export interface Api {
  get<Answer>(path: string, signal?: AbortSignal): Promise<Answer>;
  post<Answer>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer>;
  remove<Answer>(path: string): Promise<Answer>;
  /** An answer whose body is read as it comes. @throws ApiError unless it begins with success. */
  open(path: string, body: unknown, signal: AbortSignal): Promise<Response>;
  /** As `post`, told how much has been sent: `fetch` cannot say. */
  upload<Answer>(path: string, body: unknown, onProgress: (share: number) => void): Promise<Answer>;
}

export interface ApiOptions {
  readonly readKey: () => string;
  readonly onUnauthorized: () => void;
}

/** The service this page came from. All of it throws ApiError, or the signal's reason. */
export function createApi({ readKey, onUnauthorized }: ApiOptions): Api {
  const headers = (hasBody: boolean): Record<string, string> => {
    const key = readKey();
    return {
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    };
  };

  const toError = (status: number, text: string, requestId: string | null): ApiError => {
    if (status === 401) onUnauthorized();
    return ApiError.fromAnswer(status, text, requestId);
  };

  const send = async (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> => {
    const response = await fetch(path, {
      method,
      headers: headers(body !== undefined),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      throw signal?.aborted ? error : ApiError.from(error);
    });
    if (response.ok) return response;
    throw toError(response.status, await response.text(), response.headers.get('x-request-id'));
  };

  const json = async <Answer>(response: Promise<Response>): Promise<Answer> =>
    (await (await response).json()) as Answer;

  return {
    get: (path, signal) => json(send('GET', path, undefined, signal)),
    post: (path, body, signal) => json(send('POST', path, body, signal)),
    remove: (path) => json(send('DELETE', path)),
    open: (path, body, signal) => send('POST', path, body, signal),
    upload: <Answer>(path: string, body: unknown, onProgress: (share: number) => void) =>
      new Promise<Answer>((resolve, reject) => {
        const request = new XMLHttpRequest();
        request.open('POST', path);
        for (const [name, value] of Object.entries(headers(true))) request.setRequestHeader(name, value);
        request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
        request.upload.onload = () => onProgress(1);
        request.onerror = () => reject(new ApiError('upload_broken', 'The connection ended while the file was sent.'));
        request.onload = () => {
          const { status, responseText } = request;
          if (status >= 200 && status < 300) resolve(JSON.parse(responseText) as Answer);
          else reject(toError(status, responseText, request.getResponseHeader('x-request-id')));
        };
        request.send(JSON.stringify(body));
      }),
  };
}

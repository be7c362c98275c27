import { createScriptedFetch, type ScriptedRequest, type ScriptedResponse } from '../contracts/scripted-fetch.ts';

export interface JsonAnswer extends Omit<ScriptedResponse, 'body'> {
  /** Text is sent as it is, anything else as JSON. Default: nothing. */
  readonly body?: unknown;
}

export interface JsonRequest extends Omit<ScriptedRequest, 'body'> {
  /** Undefined for a request without a body. */
  readonly body: unknown;
}

/** A pretended upstream that speaks JSON: gives its answers in turn, the last one for ever, and keeps what it was asked. */
export function createJsonUpstream(...answers: readonly (JsonAnswer | ((request: JsonRequest) => JsonAnswer))[]) {
  const requests: JsonRequest[] = [];
  const { fetch } = createScriptedFetch((scripted) => {
    const request = { ...scripted, body: scripted.body === '' ? undefined : (JSON.parse(scripted.body) as unknown) };
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? {};
    requests.push(request);
    const { body, ...rest } = typeof answer === 'function' ? answer(request) : answer;
    return { ...rest, body: typeof body === 'string' ? body : JSON.stringify(body ?? '') };
  });
  return { fetch, requests };
}

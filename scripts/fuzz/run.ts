import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { type Api, type ApiOperation, type OpenApiDocument, readApi } from './api.ts';
import { type FuzzAnswer, findFault } from './judge.ts';
import { type FuzzRequest, toRequests } from './requests.ts';

export interface FuzzFault {
  readonly operation: string;
  readonly fault: string;
  readonly request: string;
  readonly answer: string;
}

export interface FuzzReport {
  readonly sent: number;
  /** How often each operation answered with each status. */
  readonly statuses: ReadonlyMap<string, ReadonlyMap<number, number>>;
  readonly faults: readonly FuzzFault[];
}

const TIMEOUT_MS = 30_000;
const SHOWN = 600;

/**
 * Sends requests made from the service's own OpenAPI document, right and wrong ones, and bytes that are no HTTP.
 *
 * @param runs requests for each operation.
 * @param seed the same seed sends the same requests.
 */
export async function fuzz({ url, runs, seed }: { url: string; runs: number; seed: number }): Promise<FuzzReport> {
  const api = readApi((await (await fetch(`${url}/openapi.json`)).json()) as OpenApiDocument);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const faults: FuzzFault[] = [];
  const statuses = new Map<string, Map<number, number>>();
  let sent = 0;
  try {
    for (const operation of api.operations) {
      const counts = new Map<number, number>();
      statuses.set(`${operation.method} ${operation.path}`, counts);
      for (const request of fc.sample(toRequests(operation, api.resolve), { numRuns: runs, seed })) {
        const answer = await ask(url, request, agent);
        sent += 1;
        if (answer) counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
        const fault = answer ? findFault(request, answer, operation, api) : 'no answer';
        if (fault !== undefined) faults.push(toFault(operation, request, answer, fault));
      }
    }
    for (const bytes of fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), { numRuns: runs, seed })) {
      sent += 1;
      const fault = faultOfRaw(bytes, await sendRaw(url, Buffer.concat([bytes, Buffer.from('\r\n\r\n')])), api);
      if (fault !== undefined) {
        faults.push({ operation: 'bytes', fault, request: Buffer.from(bytes).toString('base64'), answer: '' });
      }
    }
    const alive = await fetch(`${url}/health`).catch(() => undefined);
    if (alive?.status !== 200)
      faults.push({ operation: 'GET /health', fault: 'not alive any more', request: '', answer: '' });
  } finally {
    agent.destroy();
  }
  return { sent, statuses, faults };
}

function toFault(
  operation: ApiOperation,
  request: FuzzRequest,
  answer: FuzzAnswer | undefined,
  fault: string,
): FuzzFault {
  const { kind, method, path, headers, body } = request;
  return {
    operation: `${operation.method} ${operation.path}`,
    fault,
    request: `${kind} ${method} ${path} ${JSON.stringify(headers)} ${body?.toString().slice(0, SHOWN) ?? ''}`,
    answer: answer ? `${answer.status} ${answer.text.slice(0, SHOWN)}` : '',
  };
}

/** Undefined when the connection ends without an answer, or none comes in time. */
function ask(url: string, { method, path, headers, body }: FuzzRequest, agent: Agent): Promise<FuzzAnswer | undefined> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const asked = send({
      hostname,
      port,
      method,
      path,
      agent,
      headers: { ...headers, ...lengthOf(body) },
      timeout: TIMEOUT_MS,
    });
    asked.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString() }),
      );
      response.on('error', () => resolve(undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end(body);
  });
}

function lengthOf(body: Buffer | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(body.length) };
}

function sendRaw(url: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    socket.on('data', (part) => {
      received += part.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(received));
    socket.end(bytes);
  });
}

function faultOfRaw(bytes: Uint8Array, received: string, api: Api): string | undefined {
  // Empty lines before a request are passed over, and then there was none.
  if (received === '' && bytes.every((byte) => byte === 0x0a || byte === 0x0d)) return undefined;
  const [head = '', body = ''] = received.split('\r\n\r\n');
  if (!/^HTTP\/1\.1 4\d\d /.test(head)) return `answered ${JSON.stringify(received.slice(0, 100))}`;
  try {
    return api.isError(JSON.parse(body)) ? undefined : 'an error without the error body';
  } catch {
    return 'an error without the error body';
  }
}

import type { ErrorCode } from '../../shared/contracts/app-error.ts';
import type { ReadAnswer } from './client.ts';
import { type CellRecord, faultyLeg, type Verdict } from './matrix.ts';
import { SECRET_WORDS } from './vendor-wire.ts';

/** Codes of a leg that the same request would meet on every other one. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'too_large', 'content_filtered']);

interface ErrorShape {
  readonly status: number;
  readonly type: string;
  readonly code: string;
}

const UNAVAILABLE: ErrorShape = { status: 503, type: 'server_error', code: 'server_error' };

/** What a client is told when the only leg failed with a code; any other code means that the service is unavailable. */
const ALONE: Readonly<Partial<Record<ErrorCode, ErrorShape>>> = {
  invalid_request: { status: 400, type: 'invalid_request_error', code: 'invalid_request' },
  too_large: { status: 413, type: 'invalid_request_error', code: 'too_large' },
  model_not_found: { status: 404, type: 'invalid_request_error', code: 'model_not_found' },
  rate_limit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  quota_exceeded: { status: 429, type: 'rate_limit_error', code: 'insufficient_quota' },
  timeout: { status: 504, type: 'server_error', code: 'timeout' },
};

interface Expectation {
  readonly seen: string;
  /** Requests that each leg must have got. */
  readonly requests: readonly number[];
  /** The codes of the legs that failed, as the log tells them. */
  readonly failed: readonly ErrorCode[];
  /** The leg whose text the client has; undefined when it has none. */
  readonly from?: number;
  readonly text: string;
  readonly error?: ErrorShape;
  readonly retryAfter?: number;
}

function expectationOf({ cell, form, scene: { legs } }: CellRecord, texts: readonly string[]): Expectation {
  const { outcome } = form;
  const faulty = faultyLeg(cell.position);
  const next = faulty + 1;
  const before: ErrorCode[] = cell.position === 'middle' ? ['server_error'] : [];
  const asked = (upTo: number): number[] =>
    legs.map((_, index) => (index > upTo || (index === faulty && form.refused) ? 0 : 1));
  const text = texts.join('');
  if (outcome.as === 'answer') {
    return { seen: okVia(faulty), requests: asked(faulty), failed: before, from: faulty, text };
  }
  const { code } = outcome;
  if (outcome.as === 'broken') {
    const error = { status: 200, type: 'server_error', code };
    // The leg had answered as far as the cascade is concerned.
    return {
      seen: `event ${code}`,
      requests: asked(faulty),
      failed: before,
      from: faulty,
      text: texts[0] ?? '',
      error,
    };
  }
  const isFinal = FINAL.has(code);
  if (!isFinal && next < legs.length) {
    return { seen: okVia(next), requests: asked(next), failed: [...before, code], from: next, text };
  }
  const error = ALONE[code] ?? UNAVAILABLE;
  return {
    seen: `${error.status} ${error.code}`,
    requests: asked(faulty),
    failed: [...before, code],
    text: '',
    error,
    ...(outcome.retryAfter === undefined ? {} : { retryAfter: outcome.retryAfter }),
  };
}

export function judge(record: CellRecord, read: ReadAnswer, texts: readonly string[]): Verdict {
  const { answer, scene } = record;
  const { legs } = scene;
  const expected = expectationOf(record, texts);
  const problems = [...read.faults];
  const hold = (what: string, actual: unknown, wanted: unknown): void => {
    const [is, must] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (is !== must) problems.push(`${what}: ${is} instead of ${must}`);
  };

  const failed = scene.gateway.logged.filter(({ message }) => message === 'leg failed').map(({ code }) => code);
  hold('status', answer.status, expected.error?.status ?? 200);
  hold(
    'requests',
    legs.map(({ upstream }) => upstream.requests),
    expected.requests,
  );
  hold('text', read.text, expected.text);
  hold('failed legs in the log', failed, expected.failed);
  hold('followed redirects', scene.trap.requests, 0);
  if (!answer.headers['x-request-id']) problems.push('there is no x-request-id');
  if (expected.error) {
    const { type, code, message, param } = read.error ?? {};
    hold('error', { type, code }, { type: expected.error.type, code: expected.error.code });
    if (typeof message !== 'string' || message === '') problems.push('the error has no message');
    if (param === undefined) problems.push('the error has no param');
    hold('done', read.done, false);
    hold('retry-after', Number(answer.headers['retry-after'] ?? 0), expected.retryAfter ?? 0);
  } else {
    hold('error', read.error ?? null, null);
    hold('done', read.done, true);
    hold('finish', read.finish, 'stop');
  }
  const provider = expected.from === undefined ? undefined : legs[expected.from]?.provider;
  // A stream that began with a sign of life sent its headers before anybody had answered.
  const wentAhead = answer.body.startsWith(':');
  if (!wentAhead) hold('x-sluice-provider', answer.headers['x-sluice-provider'], provider);
  // What leaves last in a stream that breaks is the error, and nothing else is told of it.
  if (!(expected.error && expected.from !== undefined)) {
    const attempts = read.sluice?.attempts?.map(({ code }) => code ?? 'ok');
    hold('attempts', attempts, expected.from === undefined ? expected.failed : [...expected.failed, 'ok']);
    hold('provider', read.sluice?.provider, provider);
  }
  problems.push(...findLeaks(record));
  return { seen: describe(answer.status, read), expected: expected.seen, problems };
}

/** Neither clients nor logs may learn what upstreams say, where they are and what they are sent. */
function findLeaks({ answer, scene: { gateway, legs, prompt } }: CellRecord): string[] {
  const secrets = {
    'an upstream’s words': SECRET_WORDS,
    'a key': 'test-key',
    'the prompt': prompt,
    ...Object.fromEntries(
      legs.map(({ provider, upstream }) => [`the address of ${provider}`, upstream.origin.replace('http://', '')]),
    ),
  };
  const places = { answer: JSON.stringify(answer), log: JSON.stringify(gateway.logged) };
  return Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => text.includes(secret))
      .map(([what]) => `the ${place} holds ${what}`),
  );
}

function describe(status: number, { error, done, sluice }: ReadAnswer): string {
  if (error) return status === 200 ? `event ${String(error.code)}` : `${status} ${String(error.code)}`;
  return done ? okVia((sluice?.attempts?.length ?? 0) - 1) : `${status}`;
}

function okVia(leg: number): string {
  return `ok via leg ${leg + 1}`;
}

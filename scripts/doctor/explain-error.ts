import { type AppError, type ErrorCode, toAppError } from '../../shared/contracts/app-error.ts';
import type { AdviceId, Place } from './advice.ts';
import { type Finding, problem } from './finding.ts';

const BY_CODE: Readonly<Partial<Record<ErrorCode, AdviceId>>> = {
  authentication: 'key-refused',
  permission: 'key-forbidden',
  model_not_found: 'model',
  not_found: 'model',
  quota_exceeded: 'quota',
  budget_exceeded: 'rate-limit',
  rate_limit: 'rate-limit',
  timeout: 'unreachable',
  network: 'unreachable',
  server_error: 'unreachable',
  blocked_url: 'blocked',
  invalid_output: 'dimensions',
};

/** A failure of a vendor, a server or a store as a finding, with the advice that its code and its words lead to. */
export function explainError(
  subject: string,
  thrown: unknown,
  names: Partial<Readonly<Record<Place, string>>>,
  others: Readonly<Partial<Record<ErrorCode, AdviceId>>> = {},
): Finding {
  const error = toAppError(thrown);
  return problem(subject, describe(error), adviceFor(error, others), { ...names, ...wordsOf(error) });
}

function adviceFor(
  { code, message, details }: AppError,
  others: Readonly<Partial<Record<ErrorCode, AdviceId>>>,
): AdviceId {
  if (/lacks the index/.test(message)) return 'index';
  if (/(?:holds|for) vectors of .* is configured/.test(message)) return 'foreign-model';
  if (/Firestore database does not exist/.test(message)) return 'database';
  if (/Firestore refused access/.test(message)) return 'role';
  if (/may not be read by/.test(message)) return 'secret-reader';
  if (VARIABLE.test(message)) return 'variable';
  if (/^The (?:secret|version)\b.*(?:not there|does not exist|disabled or destroyed)/.test(message)) return 'secret';
  if (/Google credentials|application-default login/.test(message)) return 'google-credentials';
  const own = codeOfLeg(details) ?? code;
  return others[own] ?? BY_CODE[own] ?? 'configuration';
}

/** A cascade of one leg fails with a code of its own, and tells that of the leg beside it. */
function codeOfLeg(details: AppError['details']): ErrorCode | undefined {
  const attempts = details?.attempts as readonly { readonly code?: ErrorCode }[] | undefined;
  return attempts?.at(-1)?.code;
}

function describe({ code, message, upstreamStatus }: AppError): string {
  return `${code}${upstreamStatus === undefined ? '' : ` (${upstreamStatus})`}: ${message}`;
}

/** A secret without a project comes from its variable alone. */
const VARIABLE = /set the environment variable ([A-Z0-9_]+)/;

/** The command or the variable that a message names itself. */
function wordsOf({ message }: AppError): Partial<Readonly<Record<Place, string>>> {
  const command = /Create it with: (gcloud .*)$/s.exec(message)?.[1];
  const variable = VARIABLE.exec(message)?.[1];
  return {
    ...(command === undefined ? {} : { COMMAND: command }),
    ...(variable === undefined ? {} : { VARIABLE: variable }),
  };
}

import { AppError, type ErrorCode } from '../contracts/app-error.ts';
import { GRPC, grpcStatus } from '../resilience/grpc-status.ts';
import type { SecretName } from './secret-name.ts';

/** What Secret Manager says of one secret. Asking again changes nothing, and what is cached no longer counts. */
const ANSWERS: Readonly<Record<number, (name: SecretName) => string>> = {
  [GRPC.notFound]: (name) =>
    `${describe(name)} does not exist, or has no version yet. Create it with ` +
    `\`gcloud secrets create ${flags(name)} --data-file=-\`, or add a version with ` +
    `\`gcloud secrets versions add ${flags(name)} --data-file=-\`.`,
  [GRPC.permissionDenied]: (name) =>
    `${describe(name)} may not be read by this service's account. Grant it the role with ` +
    `\`gcloud secrets add-iam-policy-binding ${flags(name)} --role=roles/secretmanager.secretAccessor ` +
    '--member=serviceAccount:ACCOUNT`, and see that secretmanager.googleapis.com is enabled.',
  [GRPC.failedPrecondition]: (name) =>
    `${describe(name)} is disabled or destroyed. Enable it with \`gcloud secrets versions enable VERSION ` +
    `--secret=${flags(name)}\`, or add a version with \`gcloud secrets versions add ${flags(name)} --data-file=-\`.`,
  [GRPC.invalidArgument]: (name) => `${describe(name)} is not a name that Secret Manager takes. Correct it.`,
};

/** Failures on the way, in words that say nothing about the secret: these reach callers. */
const FAILURES: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  [GRPC.deadlineExceeded]: ['timeout', 'Secret Manager did not answer in time.'],
  [GRPC.resourceExhausted]: ['rate_limit', 'Secret Manager is limiting our requests.'],
  [GRPC.internal]: ['server_error', 'Secret Manager failed.'],
  [GRPC.unavailable]: ['network', 'Secret Manager cannot be reached.'],
};

/**
 * What the client threw, as AppError. `retryable` tells a failure on the way, after which the last known value may still
 * be used, from an answer about the secret itself, which is always `configuration`.
 */
export function fromSecretManagerError(error: unknown, name: SecretName): AppError {
  if (error instanceof AppError) return error;
  const status = grpcStatus(error);
  const answer = status === undefined ? undefined : ANSWERS[status];
  if (answer !== undefined) return new AppError('configuration', answer(name), { cause: error });
  if (status === undefined || status === GRPC.unauthenticated) {
    return new AppError(
      'configuration',
      `${describe(name)} cannot be read without usable Google credentials: run \`gcloud auth ` +
        'application-default login`, set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run on Google Cloud with a ' +
        'service account.',
      { cause: error, retryable: true },
    );
  }
  const [code, message] = FAILURES[status] ?? ['server_error', 'Secret Manager failed.'];
  return new AppError(code, message, { cause: error, retryable: true });
}

/** How messages name a secret; never with its value. */
export function describe({ secret, version, project }: SecretName): string {
  return version === 'latest'
    ? `The secret "${secret}" of the project ${project}`
    : `The version ${version} of the secret "${secret}" of the project ${project}`;
}

function flags({ secret, project, location }: SecretName): string {
  return `${secret} --project=${project}${location === undefined ? '' : ` --location=${location}`}`;
}

import { AppError } from '../contracts/app-error.ts';

/** One version of a secret, taken apart. */
export interface SecretName {
  readonly project: string;
  /** Set for a regional secret, which another endpoint serves. */
  readonly location: string | undefined;
  readonly secret: string;
  readonly version: string;
  /** The whole resource name, as Secret Manager wants it. */
  readonly resource: string;
}

const BARE_NAME = /^[A-Za-z0-9_-]{1,255}$/;
const RESOURCE =
  /^projects\/([A-Za-z0-9_.:-]+)\/(?:locations\/([a-z0-9-]+)\/)?secrets\/([A-Za-z0-9_-]{1,255})(?:\/versions\/([1-9]\d{0,18}|[A-Za-z][A-Za-z0-9_-]{0,62}))?$/;

/** Whether a reference names a secret alone, without project and version. */
export function isBareName(reference: string): boolean {
  return BARE_NAME.test(reference);
}

/**
 * The version that a reference means: of a bare name the latest in `projectId`, of a resource name without a version the
 * latest too.
 * @throws AppError `configuration` for a bare name without a project and for anything that is no name.
 */
export function toSecretName(reference: string, projectId: string | undefined): SecretName {
  if (isBareName(reference)) {
    if (projectId === undefined) {
      throw new AppError(
        'configuration',
        `The secret "${reference}" cannot be read without knowing its project: set GOOGLE_CLOUD_PROJECT, or write ` +
          `secret://projects/PROJECT/secrets/${reference}/versions/latest.`,
      );
    }
    return toName(projectId, undefined, reference, 'latest');
  }
  const [, project, location, secret, version = 'latest'] = RESOURCE.exec(reference) ?? [];
  if (project !== undefined && secret !== undefined) return toName(project, location, secret, version);
  throw new AppError(
    'configuration',
    `"${reference}" is not the name of a secret: use NAME or projects/PROJECT/secrets/NAME/versions/VERSION, ` +
      'where VERSION is a number from 1, latest or an alias.',
  );
}

function toName(project: string, location: string | undefined, secret: string, version: string): SecretName {
  const place = location === undefined ? '' : `/locations/${location}`;
  const resource = `projects/${project}${place}/secrets/${secret}/versions/${version}`;
  return { project, location, secret, version, resource };
}

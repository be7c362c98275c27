import { AppError } from '../contracts/app-error.ts';

export interface VertexPlace {
  readonly project: string | undefined;
  /** Default `us-central1`. */
  readonly location: string | undefined;
  /** Replaces the origin of the location; the bare origin. */
  readonly endpoint: string | undefined;
}

const DEFAULT_LOCATION = 'us-central1';
/** Places that are several regions have hosts of their own form; all others are prefixed. */
const MULTI_REGIONS: ReadonlySet<string> = new Set(['us', 'eu']);

/**
 * Where Vertex AI serves the resources of a project: the address that `publishers/…` and `endpoints/…` follow, without
 * a slash at the end (https://cloud.google.com/vertex-ai/docs/reference/rest).
 *
 * @throws AppError `configuration` for a project or location that could lead to another host or path.
 */
export function toVertexBase({ project, location = DEFAULT_LOCATION, endpoint }: VertexPlace): string {
  if (!project) {
    throw new AppError('configuration', 'vertexai needs a Google Cloud project: set `project_id`.', {
      param: 'project_id',
    });
  }
  // Ids of projects in an organisation's domain hold a dot and a colon.
  if (!/^[A-Za-z0-9][A-Za-z0-9.:-]*$/.test(project) || project.includes('..')) {
    throw new AppError('configuration', '`project_id` is not the id of a Google Cloud project.', {
      param: 'project_id',
    });
  }
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(location)) {
    throw new AppError('configuration', '`location` is not a Google Cloud location such as us-central1 or global.', {
      param: 'location',
    });
  }
  const origin = endpoint?.replace(/\/+$/, '') ?? toVertexOrigin(location);
  return `${origin}/v1/projects/${encodeURIComponent(project)}/locations/${location}`;
}

function toVertexOrigin(location: string): string {
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  if (MULTI_REGIONS.has(location)) return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

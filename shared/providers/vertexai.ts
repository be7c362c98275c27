import { AppError } from '../contracts/app-error.ts';
import type { ChatCall, ChatProvider } from '../contracts/chat-provider.ts';
import { toModelPath } from './gemini-model.ts';
import { completeGemini, GEMINI_CAPABILITIES, type GeminiTarget, streamGemini } from './gemini-transport.ts';

const DEFAULT_LOCATION = 'us-central1';
/** Places that are several regions have hosts of their own form; all others are prefixed. */
const MULTI_REGIONS: ReadonlySet<string> = new Set(['us', 'eu']);
/** Keys of Vertex AI's express mode; anything else is an access token. */
const API_KEY = /^(AIza|AQ\.)/;

/**
 * The adapter for Gemini on Vertex AI, typed by the vendor's SDKs and carried by our own transport. The credential is an
 * OAuth access token, or an API key of express mode, which works without a project. The endpoint is the bare origin.
 */
export function createVertexProvider(): ChatProvider {
  return {
    id: 'vertexai',
    capabilities: GEMINI_CAPABILITIES,
    complete: async (call) => completeGemini(call, toTarget(call)),
    stream: async (call) => streamGemini(call, toTarget(call)),
  };
}

function toTarget(call: ChatCall): GeminiTarget {
  const { credential, endpoint, project, location } = call;
  const path = toModelPath(call.model, 'vertexai');
  const isKey = credential !== undefined && API_KEY.test(credential);
  const headers: Record<string, string> =
    credential === undefined
      ? {}
      : isKey
        ? { 'x-goog-api-key': credential }
        : { authorization: `Bearer ${credential}` };
  if (isKey && !project) {
    return { backend: 'vertexai', url: `${toOrigin('global', endpoint)}/v1/${path}`, headers };
  }
  const place = toLocation(location);
  const scope = `projects/${toProject(project)}/locations/${place}`;
  return { backend: 'vertexai', url: `${toOrigin(place, endpoint)}/v1/${scope}/${path}`, headers };
}

function toOrigin(location: string, endpoint: string | undefined): string {
  if (endpoint !== undefined) return endpoint.endsWith('/') ? endpoint.slice(0, -1) : endpoint;
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  if (MULTI_REGIONS.has(location)) return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

function toProject(project: string | undefined): string {
  if (!project) {
    throw new AppError('configuration', 'vertexai needs a Google Cloud project: set `project_id`.', {
      param: 'project_id',
    });
  }
  // Ids of projects in an organisation's domain hold a dot and a colon.
  if (/^[A-Za-z0-9][A-Za-z0-9.:-]*$/.test(project) && !project.includes('..')) return encodeURIComponent(project);
  throw new AppError('configuration', '`project_id` is not the id of a Google Cloud project.', { param: 'project_id' });
}

function toLocation(location: string | undefined): string {
  if (!location) return DEFAULT_LOCATION;
  // It becomes part of a host name.
  if (/^[a-z][a-z0-9-]{0,40}$/.test(location)) return location;
  throw new AppError('configuration', '`location` is not a Google Cloud location such as us-central1 or global.', {
    param: 'location',
  });
}

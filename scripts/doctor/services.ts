import type { Infrastructure } from '../infrastructure.ts';

/** APIs that every deployment has switched on, as `infra/services.tf` lists them. */
const ALWAYS = [
  'artifactregistry.googleapis.com',
  'cloudbuild.googleapis.com',
  'cloudfunctions.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'eventarc.googleapis.com',
  'firestore.googleapis.com',
  'iam.googleapis.com',
  'logging.googleapis.com',
  'monitoring.googleapis.com',
  'pubsub.googleapis.com',
  'run.googleapis.com',
  'secretmanager.googleapis.com',
  'serviceusage.googleapis.com',
  'storage.googleapis.com',
] as const;

/** APIs that a configuration needs. Those of the load balancer and the budget are switched on with them. */
export function listServices({ functions, needs_ollama }: Infrastructure): readonly string[] {
  return [
    ...ALWAYS,
    ...(Object.values(functions).some(({ vertexai }) => vertexai) ? ['aiplatform.googleapis.com'] : []),
    ...(needs_ollama ? ['compute.googleapis.com', 'dns.googleapis.com'] : []),
  ];
}

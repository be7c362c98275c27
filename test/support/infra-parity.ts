import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Texts of the two sides that have to agree. */
export interface Sides {
  /** Everything the functions are made of. */
  readonly code: string;
  /** All Terraform files of `infra/`. */
  readonly terraform: string;
}

export function readSides(root: string): Sides {
  const terraform = readdirSync(join(root, 'infra')).filter(
    (file) => file.endsWith('.tf') && file !== 'backend_override.tf',
  );
  return {
    code: ['shared', 'functions'].map((folder) => readAll(join(root, folder), '.ts')).join('\n'),
    terraform: terraform.map((file) => readFileSync(join(root, 'infra', file), 'utf8')).join('\n'),
  };
}

function readAll(folder: string, ending: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}

/** Variables that Google sets for every function. */
const PLATFORM: ReadonlySet<string> = new Set(['K_SERVICE', 'NODE_ENV', 'PORT']);
/** Variables of development, or with which somebody changes a default; `environment` of the tfvars can give them. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SDK_DISABLED',
  'OTEL_SERVICE_NAME',
  'FIRESTORE_EMULATOR_HOST',
  'SLUICE_CONFIG',
  'SLUICE_LOG_LEVEL',
  'SLUICE_OLLAMA_MODEL',
  'SLUICE_SECRETS',
]);
/** The first of `PROJECT_VARIABLES`, which are read as a list. */
const PROJECT = 'GOOGLE_CLOUD_PROJECT';

/** Variables that the code reads and nobody gives it, and those that it is given and does not read. */
export function findVariableFaults({ code, terraform }: Sides): string[] {
  const read = new Set([PROJECT, ...namesIn(code, /\benvironment\??\.([A-Z][A-Z0-9_]+)\b/g)]);
  const block = /environment_variables = merge\(([\s\S]*?)\n {4}\)/.exec(terraform)?.[1] ?? '';
  const given = namesIn(block, /\b([A-Z]+_[A-Z_]+)\b(?=" =>| = )/g);
  return [
    ...[...read]
      .filter((name) => !given.has(name) && !PLATFORM.has(name) && !OPTIONAL.has(name))
      .map((name) => `${name} is read, and no function is given it.`),
    ...[...given].filter((name) => !read.has(name)).map((name) => `${name} is given, and nothing reads it.`),
    ...[...OPTIONAL].filter((name) => !read.has(name)).map((name) => `${name} is no variable of the code any more.`),
  ];
}

/** Roles that have no words in the code, and what they are for. */
const SILENT: Readonly<Record<string, string>> = {
  'roles/aiplatform.user': 'vertexai',
  'roles/eventarc.eventReceiver': 'event_trigger',
  'roles/logging.logWriter': 'service_account   = google_service_account.builder.id',
  'roles/artifactregistry.writer': 'docker_repository',
  'roles/storage.objectViewer': 'storage_source',
  'roles/iap.httpsResourceAccessor': 'dynamic "iap" {',
  'roles/pubsub.publisher': 'google_pubsub_topic.rotation',
};

/** Roles that the code asks operators for and infra does not grant, and those that infra grants for nothing known. */
export function findRoleFaults({ code, terraform }: Sides): string[] {
  const asked = namesIn(code, /\b(roles\/[a-z]+\.[A-Za-z]+)\b/g);
  const granted = namesIn(terraform, /^\s*role\s+= "(roles\/[A-Za-z.]+)"/gm);
  return [
    ...[...asked].filter((role) => !granted.has(role)).map((role) => `${role} is asked for, and granted to nobody.`),
    ...[...granted]
      .filter((role) => !asked.has(role) && !(role in SILENT && terraform.includes(SILENT[role] ?? '')))
      .map((role) => `${role} is granted, and nothing needs it.`),
  ];
}

/** Plain values that look like keys. Values of secrets are written once, and never read. */
export function findPlainSecrets({ terraform }: Sides): string[] {
  const plain = [...terraform.matchAll(/^\s*(?:secret_data|api_key|password|token)\s*=\s*\S+/gm)].map(([line]) =>
    line.trim(),
  );
  const inputs = [...terraform.matchAll(/variable "(\w*(?:secret_values|key|token|password)\w*)" \{([\s\S]*?)\n\}/g)]
    .filter(([, , body = '']) => !/^ {2}ephemeral\s*= true$/m.test(body))
    .map(([, name]) => `variable ${name} is not ephemeral`);
  return [...plain, ...inputs];
}

function namesIn(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, name = '']) => name));
}

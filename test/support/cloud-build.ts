import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** A type of Google's protobuf description: a message or an enumeration, with the types inside it. */
interface ProtoType {
  readonly fields?: Readonly<Record<string, ProtoField>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly nested?: Readonly<Record<string, ProtoType>>;
}

interface ProtoField {
  readonly type: string;
  readonly rule?: 'repeated';
  readonly keyType?: string;
}

type Step = {
  readonly id?: string;
  readonly waitFor?: readonly string[];
  readonly script?: string;
  readonly secretEnv?: readonly string[];
  readonly [field: string]: unknown;
};

export interface CloudBuild {
  readonly steps: readonly Step[];
  readonly substitutions?: Readonly<Record<string, string>>;
  readonly availableSecrets?: { readonly secretManager?: readonly { readonly env: string }[] };
  readonly [field: string]: unknown;
}

/** Google's own description of a build, from `@google-cloud/cloudbuild`; undefined where that is not installed. */
export function loadCloudBuildTypes(): ProtoType | undefined {
  try {
    const file = createRequire(import.meta.url).resolve('@google-cloud/cloudbuild/build/protos/protos.json');
    const root = JSON.parse(readFileSync(file, 'utf8')) as ProtoType;
    return ['google', 'devtools', 'cloudbuild', 'v1'].reduce<ProtoType | undefined>(
      (type, name) => type?.nested?.[name],
      root,
    );
  } catch {
    return undefined;
  }
}

/** Where a build breaks Google's description of it. */
export function checkTypes(build: unknown, types: ProtoType): string[] {
  const faults: string[] = [];

  const visit = (value: unknown, typeName: string, scope: readonly ProtoType[], path: string): void => {
    const type = scope.findLast(({ nested }) => nested?.[typeName])?.nested?.[typeName];
    if (type?.values) {
      if (typeof value !== 'string' || !(value in type.values))
        faults.push(`${path}: ${String(value)} is no ${typeName}`);
    } else if (type?.fields) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        faults.push(`${path}: is no ${typeName}`);
        return;
      }
      for (const [name, item] of Object.entries(value)) {
        const field = type.fields[toSnakeOrSame(name, type.fields)];
        if (field === undefined) faults.push(`${path}.${name}: ${typeName} has no such field`);
        else visitField(item, field, [...scope, type], `${path}.${name}`);
      }
    } else {
      checkScalar(value, typeName, path);
    }
  };

  const visitField = (
    value: unknown,
    { type, rule, keyType }: ProtoField,
    scope: readonly ProtoType[],
    path: string,
  ) => {
    if (keyType !== undefined) {
      for (const [key, item] of Object.entries(value ?? {})) visit(item, type, scope, `${path}.${key}`);
    } else if (rule === 'repeated') {
      if (!Array.isArray(value)) faults.push(`${path}: is no list`);
      else for (const [index, item] of value.entries()) visit(item, type, scope, `${path}[${index}]`);
    } else visit(value, type, scope, path);
  };

  const checkScalar = (value: unknown, type: string, path: string): void => {
    const isRight =
      type === 'google.protobuf.Duration'
        ? typeof value === 'string' && /^\d+(?:\.\d+)?s$/.test(value)
        : type === 'string'
          ? typeof value === 'string'
          : type === 'bool'
            ? typeof value === 'boolean'
            : /^u?int(?:32|64)$/.test(type)
              ? Number.isInteger(Number(value))
              : true;
    if (!isRight) faults.push(`${path}: ${JSON.stringify(value)} is no ${type}`);
  };

  visit(build, 'Build', [types], 'build');
  return faults;
}

function toSnakeOrSame(name: string, fields: object): string {
  return name in fields ? name : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What Cloud Build provides by itself. */
const BUILT_IN: ReadonlySet<string> = new Set([
  'PROJECT_ID',
  'BUILD_ID',
  'PROJECT_NUMBER',
  'LOCATION',
  'COMMIT_SHA',
  'SHORT_SHA',
]);

/** Faults that the description cannot see: steps, variables and secrets that do not exist, or that nobody uses. */
export function checkReferences(build: CloudBuild): string[] {
  const faults: string[] = [];
  const known = new Set<string>();
  for (const { id = '', waitFor = [], secretEnv = [] } of build.steps) {
    if (known.has(id)) faults.push(`There are two steps ${id}.`);
    for (const other of waitFor)
      if (other !== '-' && !known.has(other)) faults.push(`${id} waits for ${other}, which does not stand before it.`);
    const secrets = build.availableSecrets?.secretManager?.map(({ env }) => env) ?? [];
    for (const name of secretEnv)
      if (!secrets.includes(name)) faults.push(`${id} uses the secret ${name}, which is not available.`);
    known.add(id);
  }
  // Scripts are given to the shell as they are; everywhere else a variable is Cloud Build's.
  const { substitutions = {}, ...rest } = build;
  const text = JSON.stringify({ ...rest, steps: build.steps.map(({ script: _script, ...step }) => step) });
  const used = new Set([...text.matchAll(/(?<!\$)\$\{?([A-Z_][A-Z0-9_]*)\}?/g)].map(([, name]) => name ?? ''));
  for (const name of used)
    if (!BUILT_IN.has(name) && !(name in substitutions)) faults.push(`$${name} is not declared.`);
  for (const name of Object.keys(substitutions)) if (!used.has(name)) faults.push(`${name} is not used.`);
  for (const { id, script = '', env } of build.steps) {
    const given = new Set([...((env as string[] | undefined) ?? []).map((line) => line.split('=')[0] ?? ''), 'PATH']);
    for (const [, name = ''] of script.matchAll(/\$\{?([A-Z_][A-Z0-9_]*)/g)) {
      if (!given.has(name) && !new RegExp(`\\b${name}=`).test(script))
        faults.push(`The script of ${id} uses ${name}, which nobody sets.`);
    }
  }
  return faults;
}

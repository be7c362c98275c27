import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../../shared/config/environment.ts';
import { loadConfig } from '../../shared/config/load.ts';
import { toConfigurationError } from '../../shared/config/problems.ts';
import type { LoadedConfig } from '../../shared/config/types.ts';
import { toAppError } from '../../shared/contracts/app-error.ts';
import { describeInfrastructure, type Infrastructure, loadForDeployment } from '../infrastructure.ts';
import { listOllamaModels } from '../local-ollama.ts';
import { createAuthorize } from '../smoke.ts';
import { accessCheck } from './checks/access.ts';
import { callsCheck } from './checks/calls.ts';
import { keysCheck } from './checks/keys.ts';
import { modelsCheck } from './checks/models.ts';
import { callersCheck } from './checks/project-callers.ts';
import { databaseCheck } from './checks/project-database.ts';
import { functionsCheck } from './checks/project-functions.ts';
import { groundCheck } from './checks/project-ground.ts';
import { rolesCheck } from './checks/project-roles.ts';
import { secretsCheck } from './checks/project-secrets.ts';
import { serversCheck } from './checks/servers.ts';
import { serviceCheck, useCheck } from './checks/service.ts';
import { explainLoadError, settingsCheck } from './checks/settings.ts';
import { storeCheck } from './checks/store.ts';
import { type ConfigurationScene, openConfigurationScene } from './configuration-scene.ts';
import { type Check, unknown } from './finding.ts';
import { type RunCommand, runCommand } from './gcloud.ts';
import { cannotLook, openProjectScene, type ProjectScene } from './project-scene.ts';
import { type DoctorReport, toReport } from './report.ts';
import type { ServiceScene } from './service-scene.ts';

/** Questions about a configuration where it stands: here, with this environment. */
const CONFIGURATION_CHECKS: readonly Check<ConfigurationScene>[] = [
  settingsCheck,
  accessCheck,
  keysCheck,
  modelsCheck,
  serversCheck,
  storeCheck,
  callsCheck,
];
/** Questions about a configuration that runs somewhere else, which its file alone answers. */
const FILE_CHECKS: readonly Check<ConfigurationScene>[] = [settingsCheck, modelsCheck];
const PROJECT_CHECKS: readonly Check<ProjectScene>[] = [
  groundCheck,
  functionsCheck,
  secretsCheck,
  rolesCheck,
  databaseCheck,
  callersCheck,
];
const SERVICE_CHECKS: readonly Check<ServiceScene>[] = [serviceCheck, useCheck];

export interface ExamineOptions {
  readonly environment: Environment;
  /** A configuration file. Default: with `project` the one that is deployed, else what a start here would use. */
  readonly config?: string;
  /** A Google Cloud project whose deployment is looked at with gcloud. */
  readonly project?: string;
  /** A Sluice that runs, looked at as its callers see it. */
  readonly url?: string;
  /** Call models: shows refused keys and empty accounts, and costs a fraction of a cent. */
  readonly call?: boolean;
  /** `region` and `prefix` of the tfvars, and the name of their file, for what is looked at and for commands. */
  readonly region?: string;
  readonly prefix?: string;
  readonly deployment?: string;
  /** Where the repository is: the deployed configuration is `functions/agents.yaml` in it. */
  readonly root: string;
  readonly run?: RunCommand;
  readonly fetch?: typeof fetch;
}

/**
 * Looks at a configuration, a project or a running service, and says what is missing. Changes nothing anywhere.
 * Without `url` and `project` it looks at the configuration that a start here would use.
 */
export async function examine(options: ExamineOptions): Promise<DoctorReport> {
  const { url, project } = options;
  const groups: readonly Promise<DoctorReport['findings']>[] = [
    ...(project === undefined ? [] : [examineProject({ ...options, project })]),
    ...(url === undefined ? [] : [examineService({ ...options, url })]),
    ...(project === undefined && (url === undefined || options.config !== undefined)
      ? [examineConfiguration(options)]
      : []),
  ];
  return toReport((await Promise.all(groups)).flat());
}

async function examineConfiguration({
  environment,
  config,
  call = false,
}: ExamineOptions): Promise<DoctorReport['findings']> {
  const named = config ?? environment.SLUICE_CONFIG;
  const file = named !== undefined && named !== '' ? named : 'FILE';
  const settings = config === undefined ? environment : { ...environment, SLUICE_CONFIG: config };
  return await withConfiguration(CONFIGURATION_CHECKS, { file, environment: settings, call }, () =>
    loadConfig({ environment: settings, probe: listOllamaModels }),
  );
}

async function examineProject(
  options: ExamineOptions & { readonly project: string },
): Promise<DoctorReport['findings']> {
  const { environment, project, root, region = 'us-central1', prefix = 'sluice', deployment = 'ENVIRONMENT' } = options;
  const file = options.config ?? join('functions', 'agents.yaml');
  let needs: Infrastructure | undefined;
  const ofFile = await withConfiguration(FILE_CHECKS, { file, environment, call: false }, async () => {
    const text = await readFile(options.config ?? join(root, file), 'utf8');
    needs = describeInfrastructure(text, { source: file, environment });
    return loadForDeployment(text, { source: file, environment });
  });
  if (needs === undefined) return [...ofFile, { check: 'project', ...unknown(project, 'what it needs is not known') }];
  const { run = runCommand } = options;
  const scene = openProjectScene({ project, region, prefix, environment: deployment, needs, run });
  const asked = await scene.ask('projects', 'describe', project);
  if (!asked.ok && asked.reason === 'gcloud') {
    const all = PROJECT_CHECKS.map(({ name }) => name).join(', ');
    return [...ofFile, { check: 'project', ...cannotLook(all, asked, scene) }];
  }
  return [...ofFile, ...(await runChecks(PROJECT_CHECKS, scene))];
}

async function examineService({
  url,
  environment,
  call = false,
  region,
  project,
  fetch: send = fetch,
}: ExamineOptions & { readonly url: string }): Promise<DoctorReport['findings']> {
  const base = url.replace(/\/+$/, '');
  return await runChecks(SERVICE_CHECKS, {
    url: base,
    authorize: createAuthorize(environment),
    fetch: send,
    call,
    names: {
      URL: base,
      ...(project === undefined ? {} : { PROJECT: project }),
      ...(region === undefined ? {} : { REGION: region }),
    },
  });
}

async function withConfiguration(
  checks: readonly Check<ConfigurationScene>[],
  place: { readonly file: string; readonly environment: Environment; readonly call: boolean },
  load: () => Promise<LoadedConfig>,
): Promise<DoctorReport['findings']> {
  let loaded: LoadedConfig;
  try {
    loaded = await load();
  } catch (error) {
    const skipped = checks.filter(({ name }) => name !== settingsCheck.name).map(({ name }) => name);
    return [
      ...explainLoadError(readable(error, place.file), place.file).map((found) => ({
        check: settingsCheck.name,
        ...found,
      })),
      { check: settingsCheck.name, ...unknown(skipped.join(', '), 'could not look before the file is right') },
    ];
  }
  const scene = openConfigurationScene({ ...place, loaded });
  try {
    return await runChecks(checks, scene);
  } finally {
    await scene.close();
  }
}

/** All at once, told in their order. A check that breaks is told as well, and spoils no other. */
async function runChecks<Scene>(checks: readonly Check<Scene>[], scene: Scene): Promise<DoctorReport['findings']> {
  const found = await Promise.all(
    checks.map(async ({ name, run }) => {
      const findings = await run(scene).catch((error: unknown) => [
        unknown(name, `could not look: ${toAppError(error).message}`),
      ]);
      return findings.map((finding) => ({ check: name, ...finding }));
    }),
  );
  return found.flat();
}

/** A file that cannot be read is a fault of the configuration like any other. */
function readable(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' && code === code.toUpperCase() && !('retryable' in (error as object))
    ? toConfigurationError(file, [`cannot be read (${code})`])
    : error;
}

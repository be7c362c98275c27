import type { Environment } from '../shared/config/environment.ts';
import { toVariableName } from '../shared/secrets/environment-secrets.ts';
import type { Infrastructure } from './infrastructure.ts';

export interface DeployOptions {
  /** Name of a file in infra/environments. */
  readonly environment: string;
  /** Apply without asking. */
  readonly yes: boolean;
  readonly planOnly: boolean;
  /** Keep Terraform's state on this machine. */
  readonly localState: boolean;
  /** Bucket of the state; default `PROJECT-sluice-state`. */
  readonly stateBucket?: string;
}

/** What a deployment does to the world. */
export interface DeploySteps {
  /** Runs a command in infra/. Status 127: there is no such command. */
  run(
    command: string,
    args: readonly string[],
    options?: { readonly input?: string; readonly show?: boolean },
  ): { readonly status: number; readonly output: string };
  ask(question: string): Promise<boolean>;
  say(line: string): void;
  /** The text of an environment's settings. Rejects when there are none. */
  readSettings(environment: string): Promise<string>;
  build(): Promise<Pick<Infrastructure, 'variables'>>;
  useBackend(isRemote: boolean): Promise<void>;
  saveOutputs(text: string): Promise<void>;
  /** Tries what is deployed; whether all went well. */
  smoke(outputs: string): Promise<boolean>;
  readonly variables: Environment;
}

const OLDEST_TERRAFORM = [1, 11] as const;
/** Without these, Terraform cannot even switch on the others. */
const FIRST_SERVICES = ['cloudresourcemanager.googleapis.com', 'serviceusage.googleapis.com'];
const PLAN = '../dist/plan';

/** @throws Error at the first thing that is missing or fails, with the cure. */
export async function deploy(options: DeployOptions, steps: DeploySteps): Promise<void> {
  const { run, say } = steps;
  const project = toProject(await readSettings(options.environment, steps), options.environment);
  say(`Checking what has to be there for ${project}`);
  checkTools(steps);
  checkProject(project, steps);
  const bucket = options.localState ? undefined : checkStateBucket(project, options.stateBucket, steps);

  say('Building');
  const { variables } = await steps.build();

  say('Planning');
  await steps.useBackend(bucket !== undefined);
  const backend =
    bucket === undefined
      ? []
      : [`-backend-config=bucket=${bucket}`, `-backend-config=prefix=sluice/${options.environment}`];
  must(
    run('terraform', ['init', '-input=false', '-reconfigure', ...backend], { show: true }),
    'Terraform could not be set up. Is the registry reachable, and may you use the state bucket?',
  );
  const settings = `-var-file=environments/${options.environment}.tfvars`;
  // No function starts without the variables of its configuration, and those that are secrets need a value before.
  if (variables.length > 0 && !options.planOnly)
    await createSecrets(project, settings, { ...options, variables }, steps);
  const planned = run('terraform', ['plan', '-input=false', '-detailed-exitcode', settings, `-out=${PLAN}`], {
    show: true,
  });
  if (planned.status !== 0 && planned.status !== 2) throw new Error('The plan has faults; Terraform names them above.');
  if (options.planOnly) return;

  if (planned.status === 2) {
    if (!options.yes && !(await steps.ask(`Apply this to ${project}?`))) {
      say('Nothing was changed.');
      return;
    }
    must(
      run('terraform', ['apply', '-input=false', PLAN], { show: true }),
      'Not all of it was applied. When Google says that a permission or an API is not there yet, it is on its way: run ' +
        'this again in two minutes. Everything else is named above.',
    );
  } else {
    say('There is nothing to change.');
  }
  const outputs = must(run('terraform', ['output', '-json']), 'Terraform has no outputs.');
  await steps.saveOutputs(outputs);
  fillSecrets(project, outputs, steps);

  say('Trying it');
  if (!(await steps.smoke(outputs))) throw new Error('It is deployed, but something does not work: see above.');
}

async function readSettings(environment: string, { readSettings: read }: DeploySteps): Promise<string> {
  return await read(environment).catch(() => {
    throw new Error(`There is no infra/environments/${environment}.tfvars. Copy dev.tfvars and set its project_id.`);
  });
}

function toProject(settings: string, environment: string): string {
  const project = /^\s*project_id\s*=\s*"([^"]+)"/m.exec(settings)?.[1];
  if (project !== undefined && !/^my-project/.test(project)) return project;
  throw new Error(`Set project_id in infra/environments/${environment}.tfvars to your project.`);
}

function checkTools({ run }: DeploySteps): void {
  const terraform = run('terraform', ['version', '-json']);
  const text = must(terraform, 'Install Terraform: https://developer.hashicorp.com/terraform/install');
  const version = (JSON.parse(text) as { terraform_version: string }).terraform_version;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_TERRAFORM;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Error(
      `Terraform ${version} is too old: ${OLDEST_TERRAFORM.join('.')} or newer writes secrets without keeping them.`,
    );
  }
  must(run('gcloud', ['version']), 'Install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install');
  must(
    run('gcloud', ['auth', 'application-default', 'print-access-token']),
    'Terraform has no Google credentials. Sign in: gcloud auth application-default login',
  );
}

function checkProject(project: string, { run }: DeploySteps): void {
  must(
    run('gcloud', ['projects', 'describe', project, '--format=value(projectNumber)']),
    `The project ${project} does not exist, or you may not see it. Sign in with gcloud auth login, or create it: gcloud projects create ${project}`,
  );
  const billing = run('gcloud', ['billing', 'projects', 'describe', project, '--format=value(billingEnabled)']);
  if (billing.status !== 0 || !/^true$/i.test(billing.output)) {
    throw new Error(
      `The project ${project} has no billing account. gcloud billing accounts list shows yours; then: gcloud billing projects link ${project} --billing-account=ID`,
    );
  }
  const enabled = run('gcloud', [
    'services',
    'list',
    '--enabled',
    `--project=${project}`,
    '--format=value(config.name)',
  ]);
  const names = new Set(enabled.output.split(/\s+/));
  const missing = FIRST_SERVICES.filter((service) => !names.has(service));
  if (missing.length > 0) {
    throw new Error(
      `Switch on what Terraform needs to begin with: gcloud services enable ${missing.join(' ')} --project=${project}`,
    );
  }
}

function checkStateBucket(project: string, name: string | undefined, { run }: DeploySteps): string {
  const bucket = name ?? `${project}-sluice-state`;
  must(
    run('gcloud', ['storage', 'buckets', 'describe', `gs://${bucket}`, '--format=value(name)']),
    `Terraform keeps its state in the bucket ${bucket}, which is not there. Create it: gcloud storage buckets create gs://${bucket} --project=${project} --uniform-bucket-level-access --public-access-prevention`,
  );
  return bucket;
}

async function createSecrets(
  project: string,
  settings: string,
  { yes, variables }: DeployOptions & Pick<Infrastructure, 'variables'>,
  steps: DeploySteps,
): Promise<void> {
  const { run, ask } = steps;
  if (!yes && !(await ask(`Create the secrets behind ${variables.join(', ')} in ${project} first?`))) {
    throw new Error('Without them no function would start. Nothing was changed.');
  }
  must(
    run(
      'terraform',
      ['apply', '-input=false', '-auto-approve', '-target=google_secret_manager_secret.this', settings],
      {
        show: true,
      },
    ),
    'The secrets could not be created; Terraform says why above.',
  );
  fillSecrets(project, must(run('terraform', ['output', '-json']), 'Terraform has no outputs.'), steps);
}

/** Gives secrets without a value the one from the environment. @throws Error naming those that have none. */
function fillSecrets(project: string, outputs: string, { run, say, variables }: DeploySteps): void {
  const { secrets_to_fill: toFill } = JSON.parse(outputs) as { secrets_to_fill?: { value: readonly string[] } };
  const missing: string[] = [];
  for (const secret of toFill?.value ?? []) {
    const versions = run('gcloud', [
      'secrets',
      'versions',
      'list',
      secret,
      `--project=${project}`,
      '--filter=state=enabled',
      '--format=value(name)',
      '--limit=1',
    ]);
    if (versions.status === 0 && versions.output !== '') continue;
    const value = variables[toVariableName(secret)];
    if (value === undefined || value === '') {
      missing.push(secret);
      continue;
    }
    say(`Storing the value of ${toVariableName(secret)} as the secret ${secret}`);
    must(
      run('gcloud', ['secrets', 'versions', 'add', secret, `--project=${project}`, '--data-file=-'], { input: value }),
      `The secret ${secret} could not be written. You need roles/secretmanager.secretVersionAdder.`,
    );
  }
  if (missing.length === 0) return;
  throw new Error(
    `Secrets have no value yet: ${missing.join(', ')}. Set ${missing.map(toVariableName).join(', ')} and run this again, or add each: ` +
      `gcloud secrets versions add NAME --project=${project} --data-file=-`,
  );
}

/** The output of a command that must have worked. @throws Error with the cure. */
function must({ status, output }: { readonly status: number; readonly output: string }, cure: string): string {
  if (status === 0) return output;
  throw new Error(cure);
}

/**
 * Deploys an environment: checks what has to be there, builds, plans, asks, applies, fills secrets, tries it.
 *
 *   npm run deploy -- ENVIRONMENT [--yes] [--plan-only] [--state-bucket NAME | --local-state]
 *
 * ENVIRONMENT is a file of infra/environments without `.tfvars`. A secret without a value gets it from the variable that
 * is named after it (OPENAI_API_KEY for openai-api-key) and is handed to gcloud alone, never to Terraform.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { type Environment, readEnvironment } from '../shared/config/environment.ts';
import { build, ROOT } from './build.ts';
import { exitWithUsage, readCommandLine } from './command-line.ts';
import { type DeployOptions, type DeploySteps, deploy } from './deploy-steps.ts';
import { writeDeployment } from './deployment.ts';
import { createAuthorize, smoke, toTable, urlsFromOutputs } from './smoke.ts';

/** Runs commands in infra/, with these variables and no others. */
function createRun(variables: Environment, directory: string): DeploySteps['run'] {
  return (command, args, { input, show = false } = {}) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: directory,
      env: variables,
      encoding: 'utf8',
      input,
      stdio: show ? ['inherit', 'inherit', 'inherit'] : ['pipe', 'pipe', 'pipe'],
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return { status: 127, output: '' };
    if (error) throw error;
    return { status: status ?? 1, output: `${stdout ?? ''}`.trim() || `${stderr ?? ''}`.trim() };
  };
}

const USAGE = 'Usage: npm run deploy -- ENVIRONMENT [--yes] [--plan-only] [--state-bucket NAME | --local-state]';

/** What the command line says; a text when it is not to be run, see {@link readCommandLine}. */
function readOptions(args: readonly string[]): DeployOptions | string {
  const given = readCommandLine(args, {
    allowPositionals: true,
    options: {
      yes: { type: 'boolean', default: false },
      'plan-only': { type: 'boolean', default: false },
      'state-bucket': { type: 'string' },
      'local-state': { type: 'boolean', default: false },
    },
  });
  if (typeof given === 'string') return given;
  const { values, positionals } = given;
  const [environment, another] = positionals;
  if (environment === undefined || another !== undefined || !/^[a-z0-9-]+$/.test(environment)) {
    return 'Name one environment: a file of infra/environments, without .tfvars.';
  }
  return {
    environment,
    yes: values.yes,
    planOnly: values['plan-only'],
    localState: values['local-state'],
    ...(values['state-bucket'] === undefined ? {} : { stateBucket: values['state-bucket'] }),
  };
}

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** What a deployment does to this checkout and, by gcloud and terraform, to the cloud. */
export function createDeploySteps(variables: Environment, root = ROOT): DeploySteps {
  const infra = join(root, 'infra');
  return {
    run: createRun(variables, infra),
    ask,
    variables,
    say: (line) => console.log(line),
    readSettings: (environment) => readFile(join(infra, 'environments', `${environment}.tfvars`), 'utf8'),
    build: async () => writeDeployment({ names: Object.keys(await build()), root }),
    // Terraform knows where its state is from a file that is not checked in.
    useBackend: async (isRemote) => {
      const file = join(infra, 'backend_override.tf');
      await (isRemote ? writeFile(file, 'terraform {\n  backend "gcs" {}\n}\n') : rm(file, { force: true }));
    },
    saveOutputs: async (text) => {
      await mkdir(join(root, 'dist'), { recursive: true });
      await writeFile(join(root, 'dist', 'outputs.json'), text);
    },
    smoke: async (outputs) => {
      const results = await smoke({ urls: urlsFromOutputs(outputs), authorize: createAuthorize(variables) });
      console.log(toTable(results));
      return results.every(({ ok }) => ok);
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') exitWithUsage(options, USAGE);
  try {
    await deploy(options, createDeploySteps(readEnvironment()));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

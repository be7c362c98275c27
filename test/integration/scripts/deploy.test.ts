import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { createDeploySteps } from '../../../scripts/deploy.ts';
import { type DeployOptions, deploy } from '../../../scripts/deploy-steps.ts';
import { runCommand } from '../../../scripts/doctor/gcloud.ts';
import { doctor } from '../../../scripts/doctor.ts';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { type FakeCloud, installFakeCloud } from '../../support/fake-cloud/install.ts';

const KEY = 'sk-a-key-that-only-gcloud-may-see';

describe('npm run deploy, with stand-ins for gcloud and terraform on PATH', () => {
  let cloud: FakeCloud;
  let server: AppServer;
  let root: string;

  beforeAll(async () => {
    cloud = installFakeCloud();
    server = await startAppServer();
    root = join(cloud.directory, 'checkout');
    mkdirSync(root);
    for (const name of [
      'scripts',
      'functions',
      'shared',
      'infra',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
    ]) {
      cpSync(join(ROOT, name), join(root, name), { recursive: true, filter: (path) => !path.includes('.terraform') });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    setProject('acme-llm');
  });
  afterAll(async () => {
    await server.close();
    cloud.remove();
  });
  beforeEach(() => cloud.reset());

  function setProject(project: string): void {
    const file = join(root, 'infra', 'environments', 'dev.tfvars');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/^project_id = "[^"]*"/m, `project_id = "${project}"`));
  }

  const outputs = (toFill: readonly string[] = []) => {
    const urls = Object.fromEntries(['chat', 'embed', 'ingest', 'search'].map((name) => [name, server.url]));
    return { urls: { value: urls }, edge: { value: null }, secrets_to_fill: { value: toFill } };
  };

  /** The command as people run it. */
  async function run(...args: readonly string[]) {
    const child = spawn('npm', ['run', '-s', 'deploy', '--', ...args], { cwd: root, env: cloud.variables });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.stdin.end();
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, output, last: output.trim().split('\n').at(-1) };
  }

  /** Its steps in this process, without the build, which is the same every time and takes long. */
  async function play(options: Partial<DeployOptions> = {}, { answer = true, variables = {} } = {}) {
    const said: string[] = [];
    const failure = await deploy(
      { environment: 'dev', yes: false, planOnly: false, localState: false, ...options },
      {
        ...createDeploySteps({ ...cloud.variables, ...variables }, root),
        build: async () => ({ variables: [] }),
        ask: async () => answer,
        say: (line) => said.push(line),
      },
    ).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const commands = cloud.calls().map(({ name, args }) => [name, ...args].join(' '));
    return { failure, said, commands, text: [...said, ...commands, failure].join('\n') };
  }

  it('wants an environment, and one with a project of one’s own', async () => {
    const nothing = await run();
    expect([nothing.code, nothing.last]).toEqual([2, expect.stringMatching(/^Usage: npm run deploy -- ENVIRONMENT/)]);
    setProject('my-project-dev');
    const example = await run('dev');
    expect([example.code, example.last]).toEqual([
      1,
      expect.stringMatching(/^Set project_id in infra\/environments\/dev/),
    ]);
    setProject('acme-llm');
    expect((await run('nowhere')).last).toMatch(/^There is no infra\/environments\/nowhere\.tfvars\. Copy dev\.tfvars/);
  });

  it.each<readonly [what: string, prepare: () => void, cure: RegExp]>([
    ['no Terraform', () => cloud.setInstalled('terraform', false), /Install Terraform: https:\/\/developer\.hashicorp/],
    [
      'an old Terraform',
      () =>
        cloud.reset(({ terraform }) => {
          terraform.version = '1.9.8';
        }),
      /1\.9\.8 is too old: 1\.11/,
    ],
    ['no gcloud', () => cloud.setInstalled('gcloud', false), /Install the Google Cloud CLI/],
    [
      'no credentials for Terraform',
      () =>
        cloud.reset((state) => {
          state.cloud.applicationDefault = false;
        }),
      /gcloud auth application-default login/,
    ],
    [
      'nobody signed in',
      () =>
        cloud.reset((state) => {
          state.cloud.signedIn = false;
        }),
      /Sign in with gcloud auth login/,
    ],
    [
      'no project',
      () =>
        cloud.reset((state) => {
          state.cloud.exists = false;
        }),
      /gcloud projects create acme-llm/,
    ],
    [
      'no billing',
      () =>
        cloud.reset((state) => {
          state.cloud.billing = false;
        }),
      /gcloud billing projects link acme-llm --billing-account=ID/,
    ],
    [
      'APIs that are off',
      () =>
        cloud.reset((state) => {
          state.cloud.services = [];
        }),
      /gcloud services enable cloudresourcemanager\.googleapis\.com serviceusage\.googleapis\.com --project=acme-llm/,
    ],
    [
      'no bucket for the state',
      () =>
        cloud.reset((state) => {
          state.cloud.buckets = [];
        }),
      /gcloud storage buckets create gs:\/\/acme-llm-sluice-state --project=acme-llm/,
    ],
  ])('stops at %s before it builds anything, with the cure as its last line', async (_what, prepare, cure) => {
    prepare();
    const { code, last, output } = await run('dev');
    expect(last).toMatch(cure);
    expect(code).toBe(1);
    expect(output).not.toContain('Building');
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });

  it.each<readonly [what: string, command: string, cure: RegExp]>([
    ['a state it may not use', 'init', /state bucket/],
    ['a plan with faults', 'plan', /plan has faults/],
    ['an apply that fails', 'apply', /run this again in two minutes/],
    ['outputs that are not there', 'output', /no outputs/],
  ])('stops at %s, and says what to do', async (_what, command, cure) => {
    cloud.reset(({ terraform }) => {
      terraform.failing = { [command]: 1 };
    });
    const { failure, commands } = await play();
    expect(failure).toMatch(cure);
    expect(commands.at(-1)).toMatch(new RegExp(`^terraform ${command}`));
  });

  it('applies what it planned, keeps the outputs, and tries the functions', async () => {
    cloud.reset(({ terraform }) => {
      terraform.outputs = outputs();
    });
    const { failure, commands, said } = await play();
    expect(failure).toBeUndefined();
    expect(commands.filter((line) => /^terraform (?:plan|apply)/.test(line))).toEqual([
      'terraform plan -input=false -detailed-exitcode -var-file=environments/dev.tfvars -out=../dist/plan',
      'terraform apply -input=false ../dist/plan',
    ]);
    expect(said.at(-1)).toBe('Trying it');
    expect(readFileSync(join(root, 'infra', 'backend_override.tf'), 'utf8')).toContain('backend "gcs"');
    expect(JSON.parse(readFileSync(join(root, 'dist', 'outputs.json'), 'utf8'))).toEqual(outputs());
  });

  it('changes nothing without a yes, when it is to plan only, or when there is nothing to change', async () => {
    const change = (changes: 0 | 2) =>
      cloud.reset(({ terraform }) => Object.assign(terraform, { changes, outputs: outputs() }));
    change(2);
    const refused = await play({}, { answer: false });
    change(2);
    const planned = await play({ planOnly: true });
    change(0);
    const same = await play();
    for (const { failure, commands } of [refused, planned, same]) {
      expect(failure).toBeUndefined();
      expect(commands.filter((line) => line.startsWith('terraform apply'))).toEqual([]);
    }
    expect([refused.said.at(-1), same.said.at(-1)]).toEqual(['Nothing was changed.', 'Trying it']);
  });

  it('hands a key to gcloud by standard input alone, once', async () => {
    cloud.reset((state) => {
      state.cloud.secrets = { 'openai-api-key': { versions: 0, readers: [] } };
      state.terraform.outputs = outputs(['openai-api-key']);
    });
    const first = await play({}, { variables: { OPENAI_API_KEY: KEY } });
    expect(first.failure).toBeUndefined();
    expect(cloud.state().cloud.secrets['openai-api-key']?.versions).toBe(1);
    const given = cloud.calls().filter(({ input }) => input !== '');
    expect(given.map(({ args, input }) => [args.slice(0, 4).join(' '), input])).toEqual([
      ['secrets versions add openai-api-key', KEY],
    ]);
    expect(first.text).not.toContain(KEY);
    const second = await play({}, { variables: { OPENAI_API_KEY: KEY } });
    expect(second.failure).toBeUndefined();
    expect(cloud.state().cloud.secrets['openai-api-key']?.versions).toBe(1);
  });

  it('names a secret that has no value, and says when what is deployed does not work', async () => {
    cloud.reset((state) => {
      state.cloud.secrets = { 'openai-api-key': { versions: 0, readers: [] } };
      state.terraform.outputs = outputs(['openai-api-key']);
    });
    expect((await play()).failure).toMatch(/openai-api-key\. Set OPENAI_API_KEY and run this again/);
    cloud.reset(({ terraform }) => {
      terraform.outputs = {
        ...outputs(),
        urls: {
          value: Object.fromEntries(['chat', 'embed', 'ingest', 'search'].map((name) => [name, `${server.url}/x`])),
        },
      };
    });
    expect((await play()).failure).toMatch(/deployed, but something does not work/);
  });

  it('leaves a project that the doctor finds in order', async () => {
    const run: typeof runCommand = (command, args) => runCommand(join(cloud.variables.PATH ?? '', command), args);
    process.env.FAKE_CLOUD = cloud.variables.FAKE_CLOUD;
    const { exitCode, output } = await doctor(['--project', 'acme-llm'], { environment: {}, root, run });
    delete process.env.FAKE_CLOUD;
    expect(output).toMatch(/in order, 0 wrong, 0 to note, 0 not looked at$/);
    expect(exitCode).toBe(0);
  });

  it('[slow] goes the whole way as one command', { timeout: 600_000 }, async () => {
    cloud.reset(({ terraform }) => {
      terraform.outputs = outputs();
    });
    const { code, output } = await run('dev', '--yes');
    expect(output).toContain('chat, streamed');
    expect(code).toBe(0);
    for (const name of [
      'chat.zip',
      'ingest-on-write.zip',
      'infrastructure.json',
      'firestore.indexes.json',
      'outputs.json',
    ]) {
      expect(existsSync(join(root, 'dist', name))).toBe(true);
    }
  });
});

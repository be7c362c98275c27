import { describe, expect, it } from 'vitest';
import { type DeployOptions, type DeploySteps, deploy } from '../../../scripts/deploy-steps.ts';

type Answer = { readonly status: number; readonly output: string };

const SERVICES = 'cloudresourcemanager.googleapis.com\nserviceusage.googleapis.com';
const OUTPUTS = JSON.stringify({ urls: { value: {} }, secrets_to_fill: { value: ['openai-api-key'] } });

/** What commands answer when all is well, by how they begin; the first that fits counts. */
const GOOD: readonly (readonly [string, Answer])[] = [
  ['terraform version', ok('{"terraform_version":"1.13.0"}')],
  ['terraform plan', { status: 2, output: '' }],
  ['terraform output', ok(OUTPUTS)],
  ['gcloud billing projects describe', ok('True')],
  ['gcloud services list', ok(SERVICES)],
  ['gcloud secrets versions list', ok('projects/1/secrets/openai-api-key/versions/1')],
  ['', ok('')],
];

function ok(output: string): Answer {
  return { status: 0, output };
}

interface Scene {
  readonly answers?: readonly (readonly [string, Answer])[];
  readonly options?: Partial<DeployOptions>;
  readonly steps?: Partial<DeploySteps>;
}

async function play({ answers = [], options = {}, steps = {} }: Scene = {}) {
  const commands: string[] = [];
  const inputs: string[] = [];
  const said: string[] = [];
  const failure = await deploy(
    { environment: 'prod', yes: false, planOnly: false, localState: false, ...options },
    {
      run(command, args, { input } = {}) {
        const line = [command, ...args].join(' ');
        commands.push(line);
        if (input !== undefined) inputs.push(input);
        return ([...answers, ...GOOD].find(([start]) => line.startsWith(start)) as readonly [string, Answer])[1];
      },
      ask: async () => true,
      say: (line) => said.push(line),
      readSettings: async () => 'region = "x"\nproject_id = "acme-llm" # ours\n',
      build: async () => ({ variables: [] }),
      useBackend: async () => {},
      saveOutputs: async () => {},
      smoke: async () => true,
      variables: {},
      ...steps,
    },
  ).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { failure, commands, inputs, said };
}

describe('a deployment', () => {
  it('checks, builds, plans, applies what was planned, and tries it', async () => {
    const done: string[] = [];
    const { failure, commands } = await play({
      steps: {
        build: async () => {
          done.push('build');
          return { variables: [] };
        },
        smoke: async (outputs) => {
          done.push(`smoke ${outputs === OUTPUTS}`);
          return true;
        },
      },
    });
    expect(failure).toBeUndefined();
    expect(done).toEqual(['build', 'smoke true']);
    expect(commands.filter((line) => line.startsWith('terraform'))).toEqual([
      'terraform version -json',
      'terraform init -input=false -reconfigure -backend-config=bucket=acme-llm-sluice-state -backend-config=prefix=sluice/prod',
      'terraform plan -input=false -detailed-exitcode -var-file=environments/prod.tfvars -out=../dist/plan',
      'terraform apply -input=false ../dist/plan',
      'terraform output -json',
    ]);
  });

  it.each<readonly [what: string, command: string, answer: Answer, cure: RegExp]>([
    ['no Terraform', 'terraform version', { status: 127, output: '' }, /Install Terraform/],
    ['an old Terraform', 'terraform version', ok('{"terraform_version":"1.9.8"}'), /1\.9\.8 is too old: 1\.11/],
    ['no gcloud', 'gcloud version', { status: 127, output: '' }, /Install the Google Cloud CLI/],
    ['no credentials', 'gcloud auth', { status: 1, output: '' }, /gcloud auth application-default login/],
    ['no project', 'gcloud projects', { status: 1, output: '' }, /gcloud projects create acme-llm/],
    ['no billing', 'gcloud billing', ok('False'), /gcloud billing projects link acme-llm/],
    [
      'no APIs',
      'gcloud services',
      ok(SERVICES.split('\n')[0] ?? ''),
      /enable serviceusage\.googleapis\.com --project=acme-llm/,
    ],
    ['no bucket', 'gcloud storage', { status: 1, output: '' }, /buckets create gs:\/\/acme-llm-sluice-state/],
    ['a state it may not use', 'terraform init', { status: 1, output: '' }, /state bucket/],
    ['a plan with faults', 'terraform plan', { status: 1, output: '' }, /plan has faults/],
    ['an apply that fails', 'terraform apply', { status: 1, output: '' }, /run this again in two minutes/],
  ])('stops at %s with the cure, and does nothing after it', async (_what, command, answer, cure) => {
    const { failure, commands } = await play({ answers: [[command, answer]] });
    expect(failure).toMatch(cure);
    expect(commands.at(-1)).toContain(command);
  });

  it('wants the settings of the environment, with a project of one’s own', async () => {
    const missing = await play({ steps: { readSettings: () => Promise.reject(new Error('ENOENT')) } });
    expect(missing.failure).toMatch(/no infra\/environments\/prod\.tfvars/);
    const example = await play({ steps: { readSettings: async () => 'project_id = "my-project-prod"' } });
    expect(example.failure).toMatch(/Set project_id/);
    expect(example.commands).toEqual([]);
  });

  it('changes nothing without a yes, when it is to plan only, or when there is nothing to change', async () => {
    const refused = await play({ steps: { ask: async () => false } });
    const planned = await play({ options: { planOnly: true } });
    const same = await play({ answers: [['terraform plan', ok('')]] });
    for (const { failure, commands } of [refused, planned, same]) {
      expect(failure).toBeUndefined();
      expect(commands.filter((line) => line.startsWith('terraform apply'))).toEqual([]);
    }
    expect(same.said).toContain('There is nothing to change.');
    expect(same.said).toContain('Trying it');
  });

  it('stores the value of a secret that has none from its variable, by standard input alone', async () => {
    const { failure, commands, inputs, said } = await play({
      answers: [['gcloud secrets versions list', ok('')]],
      steps: { variables: { OPENAI_API_KEY: 'the-key' } },
    });
    expect(failure).toBeUndefined();
    expect(inputs).toEqual(['the-key']);
    expect([...commands, ...said].join('\n')).not.toContain('the-key');
  });

  it('names the secrets that have no value anywhere', async () => {
    const { failure } = await play({ answers: [['gcloud secrets versions list', ok('')]] });
    expect(failure).toMatch(/openai-api-key.*Set OPENAI_API_KEY/);
  });

  it('leaves a secret alone that has a value', async () => {
    const { commands } = await play({ steps: { variables: { OPENAI_API_KEY: 'the-key' } } });
    expect(commands.filter((line) => line.includes('versions add'))).toEqual([]);
  });

  it('creates and fills secrets before the functions whose configuration cannot do without', async () => {
    const { commands } = await play({ steps: { build: async () => ({ variables: ['OPENAI_API_KEY'] }) } });
    const order = [
      '-target=google_secret_manager_secret.this',
      'versions list',
      'terraform plan',
      'terraform apply -input=false ../dist/plan',
    ];
    const places = order.map((part) => commands.findIndex((line) => line.includes(part)));
    expect(places).toEqual([...places].sort((left, right) => left - right));
    expect(places).not.toContain(-1);
  });

  it('fails when what is deployed does not work', async () => {
    expect((await play({ steps: { smoke: async () => false } })).failure).toMatch(/something does not work/);
  });

  it('keeps its state here when told to', async () => {
    let isRemote: boolean | undefined;
    const useBackend = async (value: boolean) => {
      isRemote = value;
    };
    const { commands } = await play({ options: { localState: true }, steps: { useBackend } });
    expect(isRemote).toBe(false);
    expect(commands).toContain('terraform init -input=false -reconfigure');
    expect(commands.filter((line) => line.includes('storage'))).toEqual([]);
  });
});

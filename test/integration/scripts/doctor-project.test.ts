import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../scripts/build.ts';
import { examine } from '../../../scripts/doctor/examine.ts';
import type { RunCommand } from '../../../scripts/doctor/gcloud.ts';
import { listServices } from '../../../scripts/doctor/services.ts';
import { describeInfrastructure } from '../../../scripts/infrastructure.ts';
import { type CloudState, createCloudState, gcloud } from '../../support/fake-cloud/gcloud.ts';

const CHAT = 'sluice-chat@acme-llm.iam.gserviceaccount.com';

async function look(change: (state: CloudState) => void = () => {}, { run }: { run?: RunCommand } = {}) {
  const state = createCloudState();
  change(state);
  const commands: string[] = [];
  const { exitCode, findings } = await examine({
    environment: {},
    root: ROOT,
    project: 'acme-llm',
    deployment: 'prod',
    run:
      run ??
      (async (_command, args) => {
        commands.push(args.join(' '));
        return gcloud(args, state);
      }),
  });
  return { exitCode, findings, commands, wrong: findings.filter(({ status }) => status !== 'ok') };
}

describe('the doctor of a project', () => {
  it('finds a deployment of the shipped configuration in order, and only looks', async () => {
    const { exitCode, wrong, findings, commands } = await look();
    expect(wrong).toEqual([]);
    expect(exitCode).toBe(0);
    expect(new Set(findings.map(({ check }) => check))).toEqual(
      new Set(['settings', 'models', 'project', 'functions', 'secrets', 'roles', 'database', 'callers']),
    );
    for (const command of commands) {
      expect(command).toMatch(/^(?:\S+ )+(?:list|describe|get-iam-policy) /);
      expect(command).toContain('--project=acme-llm');
    }
  });

  it.each<readonly [what: string, change: (state: CloudState) => void, subject: string, run: string]>([
    [
      'an account for billing',
      (state) => {
        state.billing = false;
      },
      'billing',
      'gcloud billing projects link acme-llm --billing-account=ID',
    ],
    [
      'an API',
      (state) => {
        state.services = state.services.filter((name) => name !== 'eventarc.googleapis.com');
      },
      'eventarc.googleapis.com',
      'gcloud services enable eventarc.googleapis.com --project=acme-llm',
    ],
    [
      'the project',
      (state) => {
        state.exists = false;
      },
      'acme-llm',
      'gcloud projects list',
    ],
    [
      'a function',
      (state) => {
        delete state.functions['sluice-search'];
      },
      'sluice-search',
      'npm run deploy -- prod',
    ],
    [
      'a function that starts',
      (state) => {
        state.functions['sluice-chat'] = 'FAILED';
      },
      'sluice-chat',
      'gcloud run services logs read sluice-chat --project=acme-llm --region=us-central1 --limit=50',
    ],
    [
      'the value of a secret',
      (state) => {
        state.secrets = { 'openai-api-key': { versions: 0, readers: [] } };
      },
      'openai-api-key',
      'printf %s "$OPENAI_API_KEY" | gcloud secrets versions add openai-api-key --project=acme-llm --data-file=-',
    ],
    [
      'the right to read a secret',
      (state) => {
        state.secrets['openai-api-key']?.readers.shift();
      },
      'openai-api-key',
      `gcloud secrets add-iam-policy-binding openai-api-key --project=acme-llm --role=roles/secretmanager.secretAccessor --member=serviceAccount:${CHAT}`,
    ],
    [
      'a role',
      (state) => {
        state.roles['roles/aiplatform.user'] = [];
      },
      CHAT,
      'npm run deploy -- prod',
    ],
    [
      'the database',
      (state) => {
        state.database = null;
      },
      '(default)',
      'npm run deploy -- prod',
    ],
    [
      'the index',
      (state) => {
        state.indexes = [];
      },
      'embeddings (embedding)',
      `gcloud firestore indexes composite create '--database=(default)'`,
    ],
    [
      'an index of the right length',
      (state) => {
        state.indexes[0]?.fields.splice(0, 1, { fieldPath: 'embedding', dimension: 768 });
      },
      'embeddings (embedding)',
      `vector-config='{"dimension":"1536","flat":{}}'`,
    ],
    [
      'a lock on the door',
      (state) => {
        state.invokers['sluice-chat']?.push('allUsers');
      },
      'sluice-chat',
      'gcloud run services remove-iam-policy-binding sluice-chat --project=acme-llm --region=us-central1 --role=roles/run.invoker --member=allUsers',
    ],
  ])('misses %s, and says what to run', async (_what, change, subject, run) => {
    const { exitCode, wrong } = await look(change);
    expect(exitCode).toBe(1);
    const found = wrong.find((finding) => finding.subject === subject);
    expect(found?.status).toBe('problem');
    if (run.startsWith('gcloud firestore'))
      expect(found?.remedy?.run).toMatch(/^gcloud firestore indexes composite create /);
    else if (run.startsWith('vector')) expect(found?.remedy?.run).toContain(run);
    else expect(found?.remedy?.run).toBe(run);
  });

  it('notes an index that is still being built, and a function that lets nobody in', async () => {
    const { exitCode, wrong } = await look((state) => {
      for (const index of state.indexes) index.state = 'CREATING';
      state.invokers['sluice-embed'] = [];
    });
    expect(exitCode).toBe(0);
    expect(wrong.map(({ status, remedy }) => [status, remedy?.id])).toEqual([
      ['warning', 'index-building'],
      ['warning', 'caller-invoker'],
    ]);
  });

  it('says what it could not look at without gcloud or without anybody signed in, and still reads the file', async () => {
    for (const result of [
      { status: 127, output: '', errors: '' },
      gcloud(['projects', 'describe'], { ...createCloudState(), signedIn: false }),
    ]) {
      const { exitCode, wrong, findings } = await look(undefined, { run: async () => result });
      expect(exitCode).toBe(2);
      expect(wrong).toHaveLength(1);
      expect(wrong[0]).toMatchObject({ status: 'unknown', remedy: { id: 'gcloud', run: 'gcloud auth login' } });
      expect(findings.some(({ check, status }) => check === 'models' && status === 'ok')).toBe(true);
    }
  });

  it('tells what it may not see from what is not there', async () => {
    const state = createCloudState();
    const { exitCode, wrong } = await look(undefined, {
      run: async (_command, args) =>
        args[0] === 'secrets'
          ? { status: 1, output: '', errors: 'ERROR: PERMISSION_DENIED: Permission denied on resource' }
          : gcloud(args, state),
    });
    expect(exitCode).toBe(2);
    expect(wrong.map(({ status, remedy }) => [status, remedy?.id])).toEqual([['unknown', 'may-not-look']]);
  });
});

describe('the APIs that the doctor looks for', () => {
  it('are those that infra switches on', () => {
    const services = readFileSync(join(ROOT, 'infra', 'services.tf'), 'utf8');
    const optional = new Set(['iap.googleapis.com', 'billingbudgets.googleapis.com']);
    const switched = new Set(
      [...services.matchAll(/"([a-z]+\.googleapis\.com)"/g)]
        .map(([, name = '']) => name)
        .filter((name) => !optional.has(name)),
    );
    const yaml =
      'agents: [{name: a, providers: [{provider: vertexai, model: m}, {provider: ollama, model: m}]}]\nauth: {mode: iam}\n';
    expect(new Set(listServices(describeInfrastructure(yaml, { source: 'test' })))).toEqual(switched);
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyInfra, hasTerraform, type TerraformCopy } from '../../support/terraform.ts';

const present = hasTerraform();
const note = present ? '' : ' [optional: no terraform, or no stand-in for its provider]';

interface Plan {
  readonly planned_values: {
    readonly root_module: {
      readonly resources: readonly {
        readonly address: string;
        readonly type: string;
        readonly values: Record<string, unknown>;
      }[];
    };
  };
}

describe.skipIf(!present)(`infra${note}`, () => {
  let copy: TerraformCopy;
  beforeEach(() => {
    copy = copyInfra();
  });
  afterEach(() => copy.remove());

  it('is checked by something that notices every kind of fault', () => {
    const plant = (file: string, from: string, to: string) => {
      const path = join(copy.directory, file);
      const text = readFileSync(path, 'utf8');
      expect(text).toContain(from);
      writeFileSync(path, text.replace(from, to));
    };
    // Misspelt, missing, a wrong value, a wrong type, a reference to nothing.
    plant('ollama.tf', 'container_port = 8080', 'container_prot = 8080');
    plant('dashboard.tf', 'dashboard_json = jsonencode(', 'project = jsonencode(');
    plant('ollama.tf', '"INGRESS_TRAFFIC_INTERNAL_ONLY"', '"INGRESS_TRAFFIC_PRIVATE"');
    plant('edge.tf', 'interval_sec = 60', 'interval_sec = ["60"]');
    plant('outputs.tf', 'google_compute_global_address.edge["main"]', 'google_compute_global_address.edgy["main"]');
    const { status, output } = copy.check();
    expect(status).not.toBe(0);
    for (const fault of ['container_prot', 'dashboard_json', 'INGRESS_TRAFFIC_PRIVATE', 'interval_sec', 'edgy']) {
      expect(output).toMatch(new RegExp(`ERROR .*${fault}`));
    }
  });

  it('plans prod without a public invoker, and without a key in the plan', () => {
    const key = 'sk-a-key-that-must-not-be-written-down';
    copy.run(['init', '-backend=false', '-input=false']);
    copy.run(
      [
        'plan',
        '-input=false',
        '-lock=false',
        '-var-file=environments/prod.tfvars',
        `-var=build_directory=${join(copy.directory, 'tests', 'private')}`,
        '-var=environment={OLLAMA_HOST="https://ollama.example.com"}',
        '-var=secret_versions={"openai-api-key"="1"}',
        '-out=plan',
      ],
      { TF_VAR_secret_values: JSON.stringify({ 'openai-api-key': key }) },
    );
    const text = copy.run(['show', '-json', 'plan']);
    expect(text).not.toContain(key);
    expect(readFileSync(join(copy.directory, 'plan')).includes(key)).toBe(false);
    const { resources } = (JSON.parse(text) as Plan).planned_values.root_module;
    const invokers = resources.filter(({ type }) => type === 'google_cloud_run_v2_service_iam_member');
    expect(invokers.length).toBeGreaterThanOrEqual(5);
    expect(invokers.filter(({ values }) => /^all/.test(String(values.member)))).toEqual([]);
    expect(resources.filter(({ type }) => type === 'google_secret_manager_secret_version')).toHaveLength(1);
    expect(resources.filter(({ values }) => /^roles\/(?:owner|editor)$/.test(String(values.role)))).toEqual([]);
  });
});

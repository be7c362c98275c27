import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENT_FUNCTIONS, FUNCTIONS, ROOT } from '../../../scripts/build.ts';
import { describeInfrastructure } from '../../../scripts/infrastructure.ts';
import { CREDENTIALS } from '../../../shared/config/credentials.ts';

const INFRA = join(ROOT, 'infra');
const terraform = readdirSync(INFRA)
  .filter((file) => file.endsWith('.tf') && file !== 'backend_override.tf')
  .map((file) => readFileSync(join(INFRA, file), 'utf8'))
  .join('\n');

const describeYaml = (yaml: string, environment = {}) => describeInfrastructure(yaml, { source: 'test', environment });
const agent = (...legs: string[]) =>
  `agents: [{name: a, role: assistant, providers: [${legs.join(', ')}]}]\nauth: {mode: iam}\n`;

describe('what a configuration needs of the cloud', () => {
  it('names every function with the entry point that its bundle registers', () => {
    const { functions } = describeYaml(
      `${agent('{provider: openai, model: gpt-4o-mini}')}ingestion: {store: firestore}`,
    );
    expect(Object.keys(functions).sort()).toEqual([...FUNCTIONS, ...EVENT_FUNCTIONS].sort());
    for (const [name, { entry_point }] of Object.entries(functions)) {
      const source = readFileSync(join(ROOT, 'functions', name, 'index.ts'), 'utf8');
      expect(source).toMatch(new RegExp(`(?:name: |registerDocumentEvent\\()'${entry_point}'`));
    }
  });

  it('names the secret of each vendor that is called without a written key', () => {
    for (const [provider, { secret }] of Object.entries(CREDENTIALS)) {
      if (secret === undefined) continue;
      const { functions, secrets } = describeYaml(agent(`{provider: ${provider}, model: m}`));
      expect(secrets).toEqual([secret]);
      expect(functions.chat?.secrets).toEqual([secret]);
      expect(functions.search?.secrets).toEqual([]);
    }
  });

  it('tells secrets of this project from those of another one, which are granted there', () => {
    const key = (name: string) => `{provider: openai, model: m, api_key: "secret://${name}"}`;
    expect(describeYaml(agent(key('own'))).secrets).toEqual(['own']);
    expect(describeYaml(agent(key('projects/other/secrets/theirs/versions/3'))).secrets).toEqual([]);
  });

  it('lists the variables that the file names, and not those that every deployment has or that have a default', () => {
    const yaml = agent(
      '{provider: openai, model: m, api_key: "$MY_KEY"}',
      '{provider: vertexai, model: m, project_id: "$GCP_PROJECT_ID", location: "$PLACE"}',
      '{provider: ollama, model: m, endpoint: "$OLLAMA_HOST"}',
    );
    const needs = describeYaml(
      yaml.replace('$PLACE', `$\{PLACE:-europe-west1}`).replace(/\$([A-Z_]+)/g, (_, name) => `\${${name}}`),
    );
    expect(needs.variables).toEqual(['MY_KEY']);
    expect(needs.needs_ollama).toBe(true);
    expect(needs.functions.chat).toMatchObject({ ollama: true, vertexai: true });
    expect(needs.functions.embed).toMatchObject({ ollama: false, vertexai: false });
  });

  it('asks for no Ollama and no Vertex AI when no agent uses them', () => {
    const needs = describeYaml(agent('{provider: openai, model: m}'));
    expect(needs.needs_ollama).toBe(false);
    expect(needs.functions.chat).toMatchObject({ ollama: false, vertexai: false });
  });

  it('leaves out the event function where no documents are kept in Firestore', () => {
    const { functions } = describeYaml(`${agent('{provider: openai, model: m}')}ingestion: {store: memory}`);
    expect(functions).not.toHaveProperty('ingest-on-write');
  });

  it('says what is wrong with a configuration that no function could start with', () => {
    expect(() => describeYaml(agent('{provider: openai, modle: m}'))).toThrow(/modle/);
    expect(() => describeYaml(`${agent('{provider: openai, model: m}')}limits: {daily_usd: "\${SUM}"}`)).toThrow(
      /daily_usd/,
    );
    expect(
      describeYaml(`${agent('{provider: openai, model: m}')}limits: {daily_usd: "\${SUM}"}`, { SUM: '5' }).variables,
    ).toEqual(['SUM']);
  });

  it('gives every path of a function to it alone', () => {
    const { functions } = describeYaml(agent('{provider: openai, model: m}'));
    const paths = Object.values(functions).flatMap((needs) => needs.paths);
    expect(new Set(paths).size).toBe(paths.length);
    expect(functions.search?.paths).toEqual(['/v1/search', '/v1/vector_stores/*']);
    expect(functions.gateway?.paths).toEqual([]);
  });
});

describe('infra and what the build tells it', () => {
  const needs = describeYaml(`${agent('{provider: openai, model: m}')}ingestion: {store: firestore}`);

  it('reads everything the build writes, and nothing that it does not', () => {
    const read = [...terraform.matchAll(/local\.(?:requirements|_firestore)\.([a-z_]+)/g)].map(([, name]) => name);
    const written = [...Object.keys(needs), ...Object.keys(needs.firestore)];
    expect([...new Set(read)].sort()).toEqual([...new Set(written)].sort());
  });

  it('uses every fact of a function, and no other', () => {
    const settings = ['archive', 'memory', 'cpu', 'concurrency', 'min_instances', 'max_instances', 'timeout'];
    const facts = Object.keys(needs.functions.chat ?? {});
    for (const fact of facts)
      expect(terraform).toMatch(new RegExp(`\\b(?:needs|function|each\\.value|value)\\.${fact}\\b`));
    const used = [...terraform.matchAll(/\bneeds\.([a-z_]+)/g)].map(([, name]) => name ?? '');
    expect(used.filter((name) => !facts.includes(name) && !settings.includes(name))).toEqual([]);
  });

  it('has settings for every function', () => {
    for (const name of Object.keys(needs.functions)) {
      expect(terraform).toMatch(new RegExp(`^ +"?${name}"? += \\{ memory = `, 'm'));
    }
  });

  it('sets no variable that the code does not read', () => {
    const set = [
      ...terraform.matchAll(/\b(GOOGLE_CLOUD_PROJECT|OLLAMA_HOST|[A-Z]+_[A-Z_]+)\b(?=" => service| = var\.)/g),
    ].map(([, name]) => name);
    expect(new Set(set)).toEqual(new Set(['GOOGLE_CLOUD_PROJECT', 'OLLAMA_HOST', 'SLUICE_FORWARDED_HOPS']));
    const code =
      readFileSync(join(ROOT, 'shared/config/environment.ts'), 'utf8') +
      readFileSync(join(ROOT, 'shared/config/normalize/context.ts'), 'utf8');
    for (const name of new Set(set)) expect(code).toContain(name);
  });
});

describe('what the tests of infra are given', () => {
  it.each(['private', 'keys', 'edge'])(
    'in %s is what the build makes of the configuration beside it (renew it with UPDATE_FIXTURES=1)',
    (name) => {
      const folder = join(INFRA, 'tests', name);
      const file = join(folder, 'infrastructure.json');
      const needs = describeInfrastructure(readFileSync(join(folder, 'agents.yaml'), 'utf8'), { source: name });
      if (process.env.UPDATE_FIXTURES === '1') writeFileSync(file, `${JSON.stringify(needs, null, 2)}\n`);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(needs);
      const archives = readdirSync(folder).filter((entry) => entry.endsWith('.zip'));
      expect(archives.sort()).toEqual(
        Object.keys(needs.functions)
          .map((entry) => `${entry}.zip`)
          .sort(),
      );
    },
  );
});

describe('the page about infra', () => {
  it('has every variable in its table, and no other', () => {
    const variables = readFileSync(join(INFRA, 'variables.tf'), 'utf8');
    const declared = [...variables.matchAll(/^variable "(\w+)"/gm)].map(([, name]) => name);
    const page = readFileSync(join(INFRA, 'README.md'), 'utf8');
    const table = page.slice(page.indexOf('## Variables'), page.indexOf('**Filters.**'));
    expect([...table.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name)).toEqual(declared);
  });

  it('names every file', () => {
    const page = readFileSync(join(INFRA, 'README.md'), 'utf8');
    const unnamed = new Set(['versions.tf', 'variables.tf', 'outputs.tf']);
    for (const file of readdirSync(INFRA)) {
      if (file.endsWith('.tf') && !unnamed.has(file) && file !== 'backend_override.tf')
        expect(page).toContain(`\`${file}\``);
    }
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENT_FUNCTIONS, FUNCTIONS, ROOT } from '../../../scripts/build.ts';
import { describeFirestore } from '../../../scripts/firestore-needs.ts';
import { describeInfrastructure, secretOfVariable } from '../../../scripts/infrastructure.ts';
import { PROJECT_VARIABLES } from '../../../shared/config/environment.ts';
import { parseConfig } from '../../../shared/config/parse.ts';
import { findPlainSecrets, findRoleFaults, findVariableFaults, readSides } from '../../support/infra-parity.ts';

const sides = readSides(ROOT);
const planted = (side: 'code' | 'terraform', from: string, to: string) => {
  expect(sides[side]).toContain(from);
  return { ...sides, [side]: sides[side].replace(from, to) };
};

describe('variables', () => {
  it('are given to the functions when the code reads them, and no others', () => {
    expect(findVariableFaults(sides)).toEqual([]);
    expect(PROJECT_VARIABLES[0]).toBe('GOOGLE_CLOUD_PROJECT');
  });

  it('are missed by the check in either direction', () => {
    expect(
      findVariableFaults(planted('terraform', '"OLLAMA_HOST" => service.uri', '"OLLAMA_URL" => service.uri')),
    ).toEqual(['OLLAMA_HOST is read, and no function is given it.', 'OLLAMA_URL is given, and nothing reads it.']);
    expect(findVariableFaults({ ...sides, code: `${sides.code}\nenvironment.NEW_SETTING` })).toEqual([
      'NEW_SETTING is read, and no function is given it.',
    ]);
  });

  it('get the secret whose name Terraform makes of theirs', () => {
    expect(sides.terraform).toContain('name => lower(replace(name, "_", "-"))');
    expect(secretOfVariable('OPENAI_API_KEY')).toBe('openai-api-key');
  });
});

describe('roles', () => {
  it('are granted when the code asks operators for them, and no others', () => {
    expect(findRoleFaults(sides)).toEqual([]);
  });

  it('are missed by the check in either direction', () => {
    expect(findRoleFaults(planted('terraform', '"roles/datastore.user"', '"roles/datastore.owner"'))).toEqual([
      'roles/datastore.user is asked for, and granted to nobody.',
      'roles/datastore.owner is granted, and nothing needs it.',
    ]);
    expect(findRoleFaults({ ...sides, code: `${sides.code}\n"roles/storage.objectAdmin"` })).toEqual([
      'roles/storage.objectAdmin is asked for, and granted to nobody.',
    ]);
  });
});

describe('keys', () => {
  it('stand in no plain argument and no variable that Terraform writes down', () => {
    expect(findPlainSecrets(sides)).toEqual([]);
  });

  it('are found by the check where they do', () => {
    const faults = planted('terraform', '  secret_data_wo         = ', '  secret_data = ');
    expect(findPlainSecrets(faults)).toHaveLength(1);
    const kept = planted('terraform', '  ephemeral   = true\n', '');
    expect(findPlainSecrets(kept)).toEqual(['variable secret_values is not ephemeral']);
  });
});

describe('secrets', () => {
  const stores = {
    qdrant: 'qdrant: {url: "https://q.example.com", api_key: "secret://store"}',
    pgvector: 'pgvector: {connection_string: "secret://store"}',
  };
  it.each(Object.entries(stores))('of every setting are known to infra, with %s as the store', (store, settings) => {
    const yaml = `
agents:
  - {name: a, role: react, tools: [t], providers: [{provider: openai, model: m, api_key: ["secret://one", "secret://two"]}]}
tools: [{name: t, description: d, url: "https://t.example.com", headers: {x-key: "secret://tool"}, parameters: {type: object}}]
embeddings: {provider: openai, openai: {model: text-embedding-3-small, api_key: "secret://vectors"}}
vectorstore: {provider: ${store}, embedding_dimensions: 1536, ${settings}}
cache: {provider: redis, url: "secret://cache"}
observability:
  tracing: {endpoint: "https://o.example.com", headers: {authorization: "secret://traces"}}
  langfuse: {endpoint: "https://l.example.com", public_key: "secret://public", secret_key: "secret://private"}
  metrics: {enabled: true, token: "secret://metrics"}
auth: {mode: api_key, keys: [{name: k, key: "secret://caller"}]}
`;
    const environment = { K_SERVICE: 'x', GOOGLE_CLOUD_PROJECT: 'project' };
    const { config } = parseConfig(yaml, { environment });
    const named = new Set<string>();
    JSON.stringify(config, (key, value) => {
      if (key === 'secret' && typeof value === 'string') named.add(value);
      return value;
    });
    expect(named).toEqual(new Set(yaml.match(/(?<=secret:\/\/)[a-z]+/g)));
    expect(describeInfrastructure(yaml, { source: 'test' }).secrets).toEqual([...named].sort());
  });
});

describe('entry points', () => {
  it('have settings in infra and a folder in the code, each of them in both', () => {
    const settings = [...sides.terraform.matchAll(/^ {4}"?([a-z-]+)"?\s+= \{ memory = /gm)].map(([, name]) => name);
    expect(settings.sort()).toEqual([...FUNCTIONS, ...EVENT_FUNCTIONS].sort());
    const known = /\["chat", .*?"gateway"\]/.exec(readFileSync(join(ROOT, 'infra', 'variables.tf'), 'utf8'))?.[0];
    expect((JSON.parse(known ?? '[]') as string[]).sort()).toEqual([...FUNCTIONS, ...EVENT_FUNCTIONS].sort());
  });
});

describe('collections', () => {
  const yaml = `
agents: [{name: a, role: assistant, providers: [{provider: vertexai, model: gemini-2.5-flash}]}]
embeddings: {provider: openai, openai: {model: text-embedding-3-small, api_key: k}}
vectorstore: {provider: firestore, firestore: {collection: passages}}
ingestion: {store: firestore, documents_collection: articles, ingestions_collection: states}
cache: {provider: firestore, collection: answers, semantic: {enabled: true}}
auth: {mode: api_key, store: firestore, keys_collection: callers}
`;
  const { config } = parseConfig(yaml, { environment: { K_SERVICE: 'x', GOOGLE_CLOUD_PROJECT: 'p' } });
  const needs = describeFirestore(config);

  it('that are written for ever or in large fields have their exemptions and times of expiry', () => {
    const collections = new Set(needs.field_overrides.map(({ collectionGroup }) => collectionGroup));
    // Keys are few and short, and read by their id: they need nothing of their own.
    expect(collections).toEqual(
      new Set(['passages', 'passages_sluice_cache', 'articles', 'states', 'answers', 'shards', 'claims']),
    );
    expect(
      new Set(needs.field_overrides.filter(({ ttl }) => ttl).map(({ collectionGroup }) => collectionGroup)),
    ).toEqual(new Set(['states', 'answers', 'shards', 'claims']));
  });

  it('are the ones that the code writes to, where the names are its own', () => {
    for (const name of ['shards', 'claims']) expect(sides.code).toContain(`'${name}'`);
    expect(sides.code).toContain("'sluice_cache'");
    for (const { fieldPath } of needs.field_overrides) expect(sides.code).toMatch(new RegExp(`\\b${fieldPath}\\b`));
  });
});

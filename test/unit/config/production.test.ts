import { describe, expect, it } from 'vitest';
import { CLOUD_RUN, expectProblem, parse, problemsOf } from './parse.ts';

const AUTH = 'auth: {mode: iam}\n';
const ollama = (endpoint: string): string =>
  `${AUTH}agents: [{name: a, provider: ollama, model: m, endpoint: "${endpoint}"}]\n`;
const tei = (endpoint: string): string =>
  `${AUTH}agents: []\nembeddings: {provider: huggingface_tei, huggingface_tei: {model: m, endpoint: "${endpoint}"}}\n`;

const DEVELOPMENT_ORIGINS = [
  'http://localhost:11434',
  'http://127.0.0.1:11434',
  'http://[::1]:11434',
  'http://LOCALHOST:11434',
  'http://ollama:11434',
  'http://ollama.apps.svc.cluster.local:11434',
];

describe('a configuration with a development origin', () => {
  it.each(DEVELOPMENT_ORIGINS)('loads in development and does not start in production: %s', (origin) => {
    expect(problemsOf(ollama(origin))).toEqual([]);
    for (const environment of [CLOUD_RUN, { NODE_ENV: 'production' }]) {
      const problems = problemsOf(ollama(origin), environment);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^agents\[0\]\.endpoint: .*(production|https)/);
    }
  });

  it.each(DEVELOPMENT_ORIGINS)('does not start in production when OLLAMA_HOST names it: %s', (origin) => {
    const yaml = `${AUTH}agents: [{name: a, provider: ollama, model: m}]\n`;
    expect(problemsOf(yaml, { ...CLOUD_RUN, OLLAMA_HOST: origin })).toEqual([expect.stringMatching(/^OLLAMA_HOST: /)]);
  });

  it('does not start in production with an embedding server on this machine', () => {
    const text = tei('http://localhost:8080').replace('agents: []\n', '');
    expectProblem(text, 'embeddings.huggingface_tei.endpoint', 'production refuses', CLOUD_RUN);
    expect(parse(text).embeddings?.endpoint).toBe('http://localhost:8080');
    const https = text.replace('http://localhost:8080', 'https://tei-abc123-uc.a.run.app');
    expect(parse(https, CLOUD_RUN).embeddings?.endpoint).toBe('https://tei-abc123-uc.a.run.app');
  });

  it('does not start in production with a tool on this machine', () => {
    const yaml = `${AUTH}agents: [{name: a, provider: openai, model: m, api_key: k}]\ntools: [{name: t, description: d, url: "http://localhost:9000/x"}]\n`;
    expectProblem(yaml, 'tools[0].url', 'production refuses', CLOUD_RUN);
  });
});

describe('a configuration with the address of a metadata service', () => {
  const KINDS = {
    ollama: [ollama, 'agents[0].endpoint'],
    openai: [
      (endpoint: string) =>
        `${AUTH}agents: [{name: a, provider: openai, model: m, api_key: k, endpoint: "${endpoint}/v1"}]\n`,
      'agents[0].endpoint',
    ],
    embeddings: [
      (endpoint: string) => tei(endpoint).replace('agents: []\n', ''),
      'embeddings.huggingface_tei.endpoint',
    ],
  } as const;

  it.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('starts nowhere: %s', (kind) => {
    const [toYaml, path] = KINDS[kind];
    for (const host of ['169.254.169.254', '[::ffff:a9fe:a9fe]', 'metadata.google.internal', '100.100.100.200']) {
      for (const environment of [CLOUD_RUN, {}]) {
        expectProblem(toYaml(`https://${host}`), path, 'the metadata service of a cloud', environment);
      }
    }
  });

  it('starts nowhere with plain http either', () => {
    expectProblem(ollama('http://169.254.169.254'), 'agents[0].endpoint', 'metadata service', CLOUD_RUN);
  });
});

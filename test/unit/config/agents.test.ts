import { describe, expect, it } from 'vitest';
import { agentOf, CLOUD_RUN, parse, problemsOf } from './parse.ts';

const REF = '$' + '{';

/** An agent with these lines besides its name. */
function one(...lines: string[]): string {
  return ['agents:', '  - name: a', ...lines.map((line) => `    ${line}`)].join('\n');
}

/** An agent with these legs. */
function cascade(...legs: string[]): string {
  return one('providers:', ...legs.map((leg) => `  - {${leg}}`));
}

const OPENAI = { OPENAI_API_KEY: 'sk-1' };

describe('the provider of a model without one', () => {
  const keys = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', XAI_API_KEY: 'k', GOOGLE_CLOUD_PROJECT: 'p' };

  it.each([
    ['gpt-4-turbo', 'openai', 'gpt-4-turbo'],
    ['o3-mini', 'openai', 'o3-mini'],
    ['chatgpt-4o-latest', 'openai', 'chatgpt-4o-latest'],
    ['claude-3-opus', 'anthropic', 'claude-3-opus'],
    ['gemini-1.5-pro', 'vertexai', 'gemini-1.5-pro'],
    ['grok-2', 'xai', 'grok-2'],
    ['local', 'local', 'extractive'],
    ['anthropic/claude-3-opus', 'anthropic', 'claude-3-opus'],
    ['ollama/llama3.1:8b', 'ollama', 'llama3.1:8b'],
  ])('of %s is %s', (written, provider, model) => {
    expect(agentOf(one(`model: ${written}`), keys).legs[0]).toMatchObject({ provider, model });
  });

  it('of a Gemini model is the Gemini API when only its key is there', () => {
    const text = one('model: gemini-2.5-flash');
    expect(agentOf(text, { GEMINI_API_KEY: 'k' }).legs[0]).toMatchObject({
      provider: 'gemini',
      apiKeys: [{ value: 'k' }],
    });
    expect(agentOf(text, { GEMINI_API_KEY: 'k', GCP_PROJECT_ID: 'p' }).legs[0]).toMatchObject({ provider: 'vertexai' });
  });

  it.each(['Qwen/x', 'mistral:7b', 'gpt-oss:20b', 'openchat', 'phi-locl'])('of %s is not guessed', (model) => {
    const [problem] = problemsOf(one(`model: ${model}`), keys);
    expect(problem).toMatch(/^agents\[0\]\.model: .*neither a model service/);
    expect(problem).toContain('openai, anthropic, gemini, vertexai, xai, huggingface, vllm, ollama, local');
  });

  it('suggests the model service that was meant', () => {
    const services = 'model_services:\n  - {name: phi-local, provider: ollama, model: phi3}\n';
    expect(problemsOf(services + one('model: phi-locl'), OPENAI)[0]).toContain('Did you mean phi-local?');
  });
});

describe('an agent', () => {
  it.each([
    [one('model: gpt-4', 'temprature: 0.5'), 'agents[0].temprature', 'Did you mean temperature?'],
    [one('model: gpt-4', 'provider: foo'), 'agents[0].provider', 'openai, anthropic, gemini'],
    [one('model: gpt-4', 'role: writer'), 'agents[0].role', 'assistant, react'],
    [
      one('model: gpt-4', 'fallback_strategy: random'),
      'agents[0].fallback_strategy',
      'cascade, weighted, cheapest, fastest',
    ],
    [one('providers: []'), 'agents[0].providers', 'at least one'],
    [one('model: ""'), 'agents[0].model', 'empty'],
    [one('role: react'), 'agents[0].model', 'required'],
    [one('model: gpt-4', 'providers: [{model: gpt-4}]'), 'agents[0].model', 'beside providers'],
    [one('api_key: k', 'providers: [{model: gpt-4}]'), 'agents[0].api_key', 'belongs'],
    [one('model: gpt-4', 'max_tokens: 0'), 'agents[0].max_tokens', 'at least 1'],
    [one('model: gpt-4', 'max_tokens: -1'), 'agents[0].max_tokens', 'at least 1'],
    [one('model: gpt-4', 'max_tokens: 1.5'), 'agents[0].max_tokens', 'whole number'],
    [one('model: gpt-4', 'temperature: -0.1'), 'agents[0].temperature', 'from 0 to 2'],
    [one('model: gpt-4', 'temperature: 2.1'), 'agents[0].temperature', 'from 0 to 2'],
    [one('model: gpt-4', 'temperature: warm'), 'agents[0].temperature', 'a number'],
    [one('model: gpt-4', 'temperature: .nan'), 'agents[0].temperature', 'a number'],
    [one('model: gpt-4', 'timeout: 5'), 'agents[0].timeout', 'with its unit'],
    [one('model: gpt-4', 'timeout: 0s'), 'agents[0].timeout', 'longer than zero'],
    [one('model: gpt-4', 'timeout: 25h'), 'agents[0].timeout', '24h'],
    [one('model: gpt-4', 'timeout:'), 'agents[0].timeout', 'no value'],
    [one('model: gpt-4', 'endpoint: http://api.example.com'), 'agents[0].endpoint', 'https'],
    [one('model: gpt-4', 'api_key: []'), 'agents[0].api_key', 'at least one key'],
    [one('model: gpt-4', 'api_key: secret://a b'), 'agents[0].api_key', 'secret://NAME'],
    [one('model: gpt-4', 'runtime: ollama', 'provider: openai'), 'agents[0].runtime', 'huggingface'],
    [one('model: ../../x', 'provider: openai'), 'agents[0].model', 'not a model name'],
    [one('model: a/b/c', 'provider: huggingface'), 'agents[0].model', 'more than one slash'],
    [one(`model: ${'x'.repeat(257)}`, 'provider: openai'), 'agents[0].model', '256'],
    [one('model: gpt-4', 'location: "evil.com/"', 'provider: vertexai'), 'agents[0].location', 'location'],
    [one('model: gpt-4', 'max_iterations: 11'), 'agents[0].max_iterations', 'from 1 to 10'],
    [one('model: gpt-4', 'retry: {max_attempts: 0}'), 'agents[0].retry.max_attempts', 'from 1 to 10'],
    [one('model: gpt-4', 'retry: {multiplier: 0.5}'), 'agents[0].retry.multiplier', 'from 1'],
    [
      one('model: gpt-4', 'retry: {initial_backoff: 5s, max_backoff: 1s}'),
      'agents[0].retry.initial_backoff',
      'max_backoff',
    ],
    [
      one('model: gpt-4', 'retry: {retry_on: [foo]}'),
      'agents[0].retry.retry_on[0]',
      'rate_limit, timeout, server_error',
    ],
    ['agents: []', 'agents', 'at least one'],
    ['agents: 5', 'agents', 'a list'],
    ['agents: [{name: "a/b", model: gpt-4}]', 'agents[0].name', 'letters'],
    ['agents: [{name: a, model: gpt-4}, {name: a, model: gpt-4}]', 'agents[1].name', 'twice'],
    ['agents: [{model: gpt-4}]', 'agents[0].name', 'required'],
  ])('of %j is refused', (text, path, message) => {
    const problems = problemsOf(text, { ...OPENAI, GOOGLE_CLOUD_PROJECT: 'p' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${path.replaceAll(/[[\].]/g, '\\$&')}: `));
    expect(problems[0]).toContain(message);
  });

  it('may be as cold or warm as its provider allows', () => {
    const keys = { ...OPENAI, ANTHROPIC_API_KEY: 'k' };
    for (const [model, temperature] of [
      ['gpt-4', 0],
      ['gpt-4', 2],
      ['claude-3-opus', 0],
      ['claude-3-opus', 1],
    ] as const) {
      expect(agentOf(one(`model: ${model}`, `temperature: ${temperature}`), keys).temperature).toBe(temperature);
    }
    const hot = 'agents[0].temperature: must be from 0 to 1 for anthropic';
    expect(problemsOf(one('model: claude-3-opus', 'temperature: 1.1'), keys)).toEqual([hot]);
    expect(problemsOf(one('temperature: 1.1', 'providers: [{model: gpt-4}, {model: claude-3-opus}]'), keys)).toEqual([
      hot,
    ]);
    expect(problemsOf(cascade('model: claude-3-opus, temperature: 1.1'), keys)[0]).toContain(
      'agents[0].providers[0].temperature',
    );
  });

  it('reads numbers that come out of variables', () => {
    const text = one('model: gpt-4', `temperature: ${REF}T:-0.25}`, `max_tokens: ${REF}M}`);
    expect(agentOf(text, { ...OPENAI, M: '10' })).toMatchObject({ temperature: 0.25, maxTokens: 10 });
    expect(problemsOf(text, { ...OPENAI, M: 'ten' })).toEqual([
      'agents[0].max_tokens: must be a whole number of at least 1',
    ]);
  });

  it('hands its parameters to legs that have none of their own', () => {
    const text = one(
      'temperature: 0.5',
      'timeout: 10s',
      'providers: [{model: gpt-4}, {model: gpt-4o, temperature: 0, timeout: 2s, max_tokens: 5}]',
    );
    expect(agentOf(text, OPENAI).legs).toMatchObject([
      { temperature: 0.5, timeoutMs: 10_000 },
      { temperature: 0, timeoutMs: 2_000, maxTokens: 5 },
    ]);
  });

  it('uses tools only when it is a react agent and they exist', () => {
    const tools = 'tools: [{name: weather, description: d, url: "https://example.com/w"}]\n';
    expect(agentOf(tools + one('model: gpt-4', 'role: react', 'tools: [weather]'), OPENAI).tools).toEqual(['weather']);
    expect(problemsOf(tools + one('model: gpt-4', 'role: react', 'tools: [wether]'), OPENAI)).toEqual([
      'agents[0].tools[0]: wether is not a tool. Did you mean weather? Tools: search, weather',
    ]);
    expect(problemsOf(tools + one('model: gpt-4', 'tools: [weather]'), OPENAI)).toEqual([
      'agents[0].tools: needs role: react',
    ]);
    expect(agentOf(one('model: gpt-4', 'role: react', 'tools: [search]'), OPENAI).tools).toEqual(['search']);
    expect(problemsOf(tools.replace('weather', 'search') + one('model: gpt-4'), OPENAI)).toEqual([
      'tools[0].name: search is the name of a built-in tool; choose another one',
    ]);
  });
});

describe('keys', () => {
  it('come from the written value, a list that rotates, or Secret Manager', () => {
    expect(agentOf(one('model: gpt-4', 'api_key: [k1, "secret://k2"]')).legs[0]?.apiKeys).toEqual([
      { value: 'k1' },
      { secret: 'k2' },
    ]);
    expect(
      agentOf(one('model: gpt-4', 'api_key: secret://projects/p/secrets/s/versions/latest')).legs[0]?.apiKeys,
    ).toEqual([{ secret: 'projects/p/secrets/s/versions/latest' }]);
  });

  it.each([
    ['openai', 'OPENAI_API_KEY', 'openai-api-key'],
    ['anthropic', 'ANTHROPIC_API_KEY', 'anthropic-api-key'],
    ['gemini', 'GOOGLE_API_KEY', 'gemini-api-key'],
    ['xai', 'XAI_API_KEY', 'xai-api-key'],
    ['huggingface', 'HF_TOKEN', 'huggingface-api-key'],
  ])('of %s come from %s, else from the secret %s, else are missing', (provider, variable, secret) => {
    const text = one(`provider: ${provider}`, 'model: grok-x');
    expect(agentOf(text, { [variable]: 'k', GCP_PROJECT_ID: 'p' }).legs[0]?.apiKeys).toEqual([{ value: 'k' }]);
    expect(agentOf(text, { GCP_PROJECT_ID: 'p' }).legs[0]?.apiKeys).toEqual([{ secret }]);
    expect(problemsOf(text)[0]).toMatch(new RegExp(`^agents\\[0\\]\\.api_key: .*${variable}`));
  });

  it("are not needed by a server that is not the vendor's", () => {
    const text = one('provider: openai', 'model: m', 'endpoint: http://localhost:1234/v1');
    expect(agentOf(text).legs[0]).toMatchObject({ apiKeys: [], endpoint: 'http://localhost:1234/v1' });
    expect(agentOf(text, { GCP_PROJECT_ID: 'p' }).legs[0]?.apiKeys).toEqual([]);
  });

  it('give way to an ID token where the file says so', () => {
    const text = (...more: string[]) => one('provider: vllm', 'model: m', 'auth: id_token', ...more);
    const endpoint = 'endpoint: https://llm.example.com/v1';
    expect(agentOf(text(endpoint), { VLLM_API_KEY: 'k' }).legs[0]).toMatchObject({ auth: 'id_token', apiKeys: [] });
    expect(problemsOf(text(endpoint, 'api_key: k'))).toEqual([
      'agents[0].auth: id_token cannot stand beside api_key; keep one of them',
    ]);
    expect(problemsOf(one('provider: openai', 'model: m', 'auth: id_token'))).toEqual([
      'agents[0].auth: id_token needs an endpoint: the token is made for its origin',
    ]);
    const service = 'model_services:\n  - {name: s, provider: ollama, model: m, config: {auth: id_token}}\n';
    expect(agentOf(service + one('model: s')).legs[0]).toMatchObject({ auth: 'id_token' });
  });

  it('that are missing disable one leg of several, and nothing else', () => {
    const text = cascade('model: gpt-4', 'model: claude-3-opus');
    const { agents, warnings } = parse(text, OPENAI);
    expect(agents[0]?.legs.map(({ provider }) => provider)).toEqual(['openai']);
    expect(agents[0]?.disabledLegs[0]?.reason).toBe('ANTHROPIC_API_KEY is not set');
    expect(warnings).toHaveLength(1);
  });

  it('that are missing in every leg stop the start', () => {
    const text = cascade(`model: gpt-4, api_key: "${REF}A_KEY}"`, 'model: claude-3-opus');
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^agents\[0\]\.providers: .*A_KEY is not set.*ANTHROPIC_API_KEY is not set/);
  });

  it('that are missing in a list leave the others of a cascade, and stop an agent with one model', () => {
    const list = `api_key: ["${REF}K1}", "${REF}K2}"]`;
    const { agents, warnings } = parse(cascade(`model: gpt-4, ${list}`, 'model: local'), { K2: 'k2' });
    expect(agents[0]?.legs[0]?.apiKeys).toEqual([{ value: 'k2' }]);
    expect(warnings).toEqual(['agents[0].providers[0].api_key: K1 is not set; the other keys are used']);
    expect(problemsOf(one('model: gpt-4', list), { K2: 'k2' })).toEqual([
      expect.stringMatching(/^agents\[0\]\.api_key\[0\]: K1 /),
    ]);
  });

  it('are the only variables a leg can do without', () => {
    const text = cascade(`model: gemini-2.5-flash, provider: vertexai, project_id: "${REF}NOPE}"`, 'model: local');
    expect(problemsOf(text)).toEqual([expect.stringMatching(/^agents\[0\]\.providers\[0\]\.project_id: NOPE /)]);
  });

  it('stop the start when missing and the file is strict', () => {
    const text = `strict: true\n${cascade('model: gpt-4', 'model: claude-3-opus')}`;
    expect(problemsOf(text, OPENAI)).toEqual([expect.stringContaining('ANTHROPIC_API_KEY is not set (strict)')]);
  });
});

describe('model services', () => {
  const service = (...lines: string[]) =>
    [
      'model_services:',
      '  - name: s',
      ...lines.map((line) => `    ${line}`),
      'agents:',
      '  - {name: a, model: s}',
    ].join('\n');

  it('are found by name, also from a leg that names the same provider', () => {
    const services =
      'model_services: [{name: phi-local, provider: huggingface, runtime: ollama, model: "phi3:mini"}]\n';
    const legs = cascade('model: phi-local, provider: huggingface, runtime: ollama', 'model: local');
    expect(agentOf(services + legs).legs[0]).toMatchObject({
      provider: 'ollama',
      model: 'phi3:mini',
      service: 'phi-local',
    });
  });

  it('do not capture a model of another provider', () => {
    const services = 'model_services: [{name: gpt-4, provider: ollama, model: "phi3:mini"}]\n';
    expect(agentOf(services + one('model: gpt-4', 'provider: openai'), OPENAI).legs[0]).toMatchObject({
      provider: 'openai',
      model: 'gpt-4',
    });
  });

  it('of Ollama need an address in production', () => {
    const text = `auth: {mode: iam}\n${service('provider: ollama', 'model: m')}`;
    expect(problemsOf(text, CLOUD_RUN)).toEqual([
      expect.stringMatching(/^model_services\[0\]\.config\.address: is required/),
    ]);
    expect(problemsOf(text, { NODE_ENV: 'production' })).toHaveLength(1);
    expect(agentOf(text, { ...CLOUD_RUN, OLLAMA_HOST: 'https://ollama-x-uc.a.run.app' }).legs[0]?.endpoint).toBe(
      'https://ollama-x-uc.a.run.app',
    );
    expect(problemsOf(text, { ...CLOUD_RUN, OLLAMA_HOST: 'http://ollama:11434' })[0]).toMatch(/^OLLAMA_HOST: /);
    expect(problemsOf(text, { ...CLOUD_RUN, OLLAMA_HOST: 'http://localhost:11434' })[0]).toMatch(/^OLLAMA_HOST: /);
  });

  it('of Ollama prefer the written address to OLLAMA_HOST', () => {
    const text = service('provider: ollama', 'model: m', 'config: {address: "http://127.0.0.1:9"}');
    expect(agentOf(text, { OLLAMA_HOST: 'http://ollama:11434' }).legs[0]?.endpoint).toBe('http://127.0.0.1:9');
    expect(
      agentOf(service('provider: ollama', 'model: m'), { OLLAMA_HOST: 'http://ollama:11434' }).legs[0],
    ).toMatchObject({
      endpoint: 'http://ollama:11434',
      allowedCidrs: ['172.16.0.0/12'],
    });
  });

  it('of Ollama have a bare origin as address', () => {
    expect(
      problemsOf(service('provider: ollama', 'model: m', 'config: {address: "http://localhost:11434/v1"}')),
    ).toEqual(['model_services[0].config.address: must be the bare origin of Ollama, without a path']);
  });

  it('of vLLM get the path of its API and the key of the environment', () => {
    const text = service(
      'provider: huggingface',
      'runtime: vllm',
      'model: org/m',
      'config: {address: "https://vllm.example.com"}',
    );
    expect(agentOf(text, { VLLM_API_KEY: 'k' }).legs[0]).toMatchObject({
      provider: 'vllm',
      endpoint: 'https://vllm.example.com/v1',
      apiKeys: [{ value: 'k' }],
    });
    expect(agentOf(text).legs[0]?.apiKeys).toEqual([]);
  });

  it('run in the cloud with runtime cloud', () => {
    expect(
      agentOf(service('provider: huggingface', 'runtime: cloud', 'model: org/m'), { HF_TOKEN: 'k' }).legs[0],
    ).toMatchObject({
      provider: 'huggingface',
      model: 'org/m',
      apiKeys: [{ value: 'k' }],
    });
  });

  it.each(['int4', 'int8', 'fp16'])('accept the quantization %s', (quantization) => {
    expect(
      parse(service('provider: ollama', 'model: m', `config: {quantization: ${quantization}}`)).modelServices[0]
        ?.quantization,
    ).toBe(quantization);
  });

  it('refuse other quantizations, twice the same name, and networks that may not be opened', () => {
    expect(problemsOf(service('provider: ollama', 'model: m', 'config: {quantization: int2}'))[0]).toContain(
      'int4, int8, fp16',
    );
    expect(
      problemsOf('model_services: [{name: s, provider: ollama, model: m}, {name: s, provider: ollama, model: m}]'),
    ).toEqual(['model_services[1].name: s is used twice; names must differ']);
    expect(
      problemsOf(service('provider: ollama', 'model: m', 'config: {allowed_cidrs: [10.8.0.0/24, 169.254.0.0/16]}')),
    ).toEqual([expect.stringMatching(/^model_services\[0\]\.config\.allowed_cidrs\[1\]: /)]);
  });
});

describe('privacy', () => {
  const legs = ['model: m, provider: ollama', 'model: gpt-4'];

  it('keeps only local legs of a local_only agent', () => {
    const { agents, providers } = parse(`${cascade(...legs)}\n    privacy: local_only`, OPENAI);
    expect(agents[0]).toMatchObject({ localOnly: true, legs: [{ provider: 'ollama' }] });
    expect(agents[0]?.disabledLegs).toMatchObject([
      { provider: 'openai', reason: expect.stringContaining('local_only') },
    ]);
    expect(providers.openai).toBeDefined();
  });

  it('closes every way to a vendor when it is said for all', () => {
    const services = 'model_services: [{name: cloud, provider: openai, model: gpt-4}]\n';
    const config = parse(`privacy: {mode: local_only}\n${services}${cascade(...legs)}`, {
      ...OPENAI,
      GCP_PROJECT_ID: 'p',
    });
    expect(config.agents[0]?.legs.map(({ provider }) => provider)).toEqual(['ollama']);
    expect(Object.keys(config.providers)).toEqual(['ollama', 'local']);
    expect(config.modelServices).toEqual([]);
  });

  it('leaves out models that Ollama passes on to its vendor, and model servers that may be anybody’s', () => {
    const config = parse(
      `privacy: {mode: local_only}\n${cascade(
        'provider: ollama, model: "gpt-oss:120b-cloud"',
        'provider: ollama, model: "glm-4.6:cloud"',
        'provider: ollama, model: m, endpoint: "https://ollama.com"',
        'provider: vllm, model: m, endpoint: "https://vllm.example.com/v1"',
        'provider: vllm, model: m, endpoint: "https://vllm.internal.example/v1", allowed_cidrs: [10.8.0.0/24]',
        'provider: ollama, model: m, endpoint: "https://ollama-abc123-uc.a.run.app"',
        'provider: vllm, model: m, endpoint: "https://10.8.0.5/v1"',
      )}`,
      {},
    );
    expect(config.agents[0]?.legs.map(({ endpoint }) => endpoint)).toEqual([
      'https://vllm.internal.example/v1',
      'https://ollama-abc123-uc.a.run.app',
      'https://10.8.0.5/v1',
    ]);
    expect(config.agents[0]?.disabledLegs.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('gpt-oss:120b-cloud runs on the vendor'),
      expect.stringContaining('glm-4.6:cloud runs on the vendor'),
      expect.stringContaining('allowed_cidrs'),
      expect.stringContaining('allowed_cidrs'),
    ]);
    expect(
      problemsOf(
        'privacy: {mode: local_only}\nembeddings: {provider: huggingface_tei, huggingface_tei: {endpoint: "https://tei.example.com", model: m, dimensions: 8}}',
      ),
    ).toContainEqual(expect.stringMatching(/^embeddings\.provider: .*allowed_cidrs/));
  });

  it('refuses an agent without a local leg, and embeddings at a vendor', () => {
    expect(problemsOf(`privacy: {mode: local_only}\n${one('model: gpt-4')}`, OPENAI)).toEqual([
      expect.stringContaining('no provider can be used'),
    ]);
    expect(problemsOf('privacy: {mode: local_only}\nembeddings: {provider: openai, openai: {}}', OPENAI)).toEqual([
      expect.stringMatching(/^embeddings\.provider: openai may send texts to somebody else/),
    ]);
  });
});

describe('the access to providers', () => {
  it('is that of the first leg, else that of the environment', () => {
    const text = cascade(
      'model: gpt-4, api_key: own, endpoint: "https://eu.api.openai.com/v1"',
      'model: gpt-4o, api_key: other',
    );
    const { providers } = parse(text, { OPENAI_API_KEY: 'sk-1', XAI_API_KEY: 'x', GCP_PROJECT_ID: 'p' });
    expect(providers.openai).toEqual({
      provider: 'openai',
      apiKeys: [{ value: 'own' }],
      endpoint: 'https://eu.api.openai.com/v1',
      allowedCidrs: [],
    });
    expect(providers.xai).toEqual({ provider: 'xai', apiKeys: [{ value: 'x' }], allowedCidrs: [] });
    expect(providers.vertexai).toMatchObject({ project: 'p', location: 'us-central1' });
    expect(providers.anthropic).toBeUndefined();
  });

  it('on Cloud Run leaves out what only development has', () => {
    expect(Object.keys(parse('auth: {mode: iam}', { K_SERVICE: 'chat', OPENAI_API_KEY: 'k' }).providers)).toEqual([
      'openai',
    ]);
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as openRequest } from 'node:http';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipDirectory } from '../../../scripts/archive.ts';
import { build, EVENT_FUNCTIONS, FUNCTIONS, ROOT } from '../../../scripts/build.ts';
import { eagerOutputs, measureBundle, reachedFrom } from '../../../scripts/bundle-size.ts';
import { writeDeployment } from '../../../scripts/deployment.ts';
import { readParsed } from '../../../shared/config/parsed-file.ts';
import { readYaml } from '../../../shared/config/yaml.ts';
import { createDocx, createPdf } from '../../support/office-files.ts';
import { createScriptedServer } from '../../support/scripted-server.ts';
import { describeWithFirestore } from '../../support/services.ts';
import { placeDependencies, unzip } from '../../support/unpack.ts';

const FRAMEWORK = join(
  createRequire(import.meta.url).resolve('@google-cloud/functions-framework'),
  '../../../build/src/main.js',
);

/** Six bundles, on a machine that has much else to do. */
const BUILD_TIMEOUT_MS = 400_000;

/** One request per function that only that function answers. */
const REQUESTS: Readonly<Record<string, { path: string; body: unknown; expected: Record<string, unknown> }>> = {
  chat: {
    path: '/v1/chat/completions',
    body: { model: 'default', messages: [{ role: 'user', content: 'Hello' }] },
    expected: { object: 'chat.completion' },
  },
  embed: { path: '/v1/embeddings', body: { model: 'local', input: 'x' }, expected: { object: 'list' } },
  ingest: { path: '/v1/documents', body: { id: 'a', text: 'A text.' }, expected: { object: 'list' } },
  search: { path: '/v1/search', body: { query: 'x' }, expected: { object: 'list', data: [] } },
  gateway: { path: '/v1/search', body: { query: 'x' }, expected: { object: 'list', data: [] } },
};

describe('the bundles', () => {
  let directory: string;
  let metafiles: Readonly<Record<string, Metafile>>;

  beforeAll(async () => {
    // Inside the checkout, so that the framework is found beside it as it is in a deployment.
    directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-test-'));
    metafiles = await build([...FUNCTIONS, ...EVENT_FUNCTIONS], directory);
    await writeDeployment({ names: Object.keys(metafiles), root: ROOT, outputDirectory: directory });
  }, BUILD_TIMEOUT_MS);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(FUNCTIONS)('%s serves alone under the functions framework', async (name) => {
    const server = await startFramework(join(directory, name), name, {});
    try {
      const health = await fetch(`${server.url}/health`);
      expect(health.status).toBe(200);
      const { path, body, expected } = REQUESTS[name] as (typeof REQUESTS)[string];
      const response = await post(`${server.url}${path}`, JSON.stringify(body));
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject(expected);
      expect(await statusFor(`${server.url}${path}`, 'attacker.example')).toBe(403);
      const malformed = await post(`${server.url}${path}`, '{"broken');
      expect(malformed.status).toBe(400);
      expect(await malformed.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
      expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
    } finally {
      await server.stop();
    }
  });

  it('answers malformed JSON as the very first request with an OpenAI error', async () => {
    const server = await startFramework(join(directory, 'chat'), 'chat', {});
    try {
      const response = await post(`${server.url}/v1/chat/completions`, '{');
      expect(response.status).toBe(400);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toMatchObject({ error: { message: 'The body is not valid JSON.' } });
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['application/pdf', createPdf([['Bicycles are parked in the yard.']])],
    [
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      createDocx('<w:p><w:r><w:t>Bicycles are parked in the yard.</w:t></w:r></w:p>'),
    ],
  ])('reads %s in a thread of its own', async (content_type, file) => {
    const server = await startFramework(join(directory, 'gateway'), 'gateway', {});
    try {
      const document = { id: 'file', content_type, content_base64: Buffer.from(file).toString('base64') };
      const stored = await post(`${server.url}/v1/documents`, JSON.stringify(document));
      expect(await stored.json()).toMatchObject({ data: [{ id: 'file', status: 'ready', chunks: 1 }] });
    } finally {
      await server.stop();
    }
  });

  it('refuses to start on Cloud Run with a configuration that lacks its variables, naming them', async () => {
    const { output, code } = await runToEnd(join(directory, 'chat'), 'chat', { K_SERVICE: 'chat', PORT: '0' });
    expect(code).not.toBe(0);
    expect(output).toContain('GOOGLE_CLOUD_PROJECT');
  });

  describeWithFirestore('with Firestore', (host) => {
    it('load the Firestore client from the bundle when it is first used', async () => {
      const config = join(directory, 'firestore.yaml');
      await writeFile(
        config,
        `
agents: [{name: a, role: assistant, provider: local, model: extractive}]
embeddings: {provider: local, local: {}}
vectorstore: {provider: firestore, embedding_dimensions: 768, firestore: {project_id: demo-bundle, collection: bundle}}
`,
      );
      const server = await startFramework(join(directory, 'gateway'), 'gateway', {
        SLUICE_CONFIG: config,
        FIRESTORE_EMULATOR_HOST: host,
      });
      try {
        const html = { id: 'page', content_type: 'text/html', text: '<h1>Yard</h1><p>Bicycles are parked here.</p>' };
        const stored = await post(`${server.url}/v1/documents`, JSON.stringify(html));
        expect(await stored.json()).toMatchObject({ data: [{ id: 'page', status: 'ready', chunks: 1 }] });
        const found = await post(`${server.url}/v1/search`, JSON.stringify({ query: 'bicycles' }));
        expect(await found.json()).toMatchObject({ data: [{ document_id: 'page' }] });
        const answer = await post(
          `${server.url}/v1/chat/completions`,
          JSON.stringify({
            model: 'a',
            messages: [{ role: 'user', content: 'Where are bicycles parked?' }],
            sluice: { retrieval: true },
          }),
        );
        expect(await answer.json()).toMatchObject({ sluice: { citations: [{ document_id: 'page' }] } });
      } finally {
        await server.stop();
      }
    });
  });

  it('load the schema check and the providers from the bundle when they are first used', async () => {
    const upstream = await createScriptedServer();
    const config = join(directory, 'providers.yaml');
    const providers = ['openai', 'xai', 'vllm', 'huggingface', 'anthropic', 'gemini', 'ollama'];
    const endpoint = (name: string) =>
      ['anthropic', 'gemini', 'ollama'].includes(name) ? upstream.origin : `${upstream.origin}/v1`;
    const agents = providers.map(
      (name) =>
        `  - {name: a-${name}, role: assistant, provider: ${name}, model: ${name === 'xai' ? 'grok-4' : 'm'}, ` +
        `api_key: k, endpoint: "${endpoint(name)}", retry: {max_attempts: 1}}`,
    );
    await writeFile(config, `agents:\n${agents.join('\n')}\n`);
    const server = await startFramework(join(directory, 'chat'), 'chat', { SLUICE_CONFIG: config });
    const ask = (model: string, fields: Record<string, unknown> = {}) =>
      post(
        `${server.url}/v1/chat/completions`,
        JSON.stringify({ model, messages: [{ role: 'user', content: 'x' }], ...fields }),
      );
    try {
      for (const name of providers) {
        upstream.reply({ status: 400, body: { error: { message: 'no' } } });
        expect([name, (await ask(`a-${name}`)).status]).toEqual([name, 400]);
      }
      upstream.reply({
        body: {
          id: 'c',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: '{"a":1}' }, finish_reason: 'stop' }],
        },
      });
      const schema = { type: 'object', properties: { a: { type: 'number' } } };
      const checked = await ask('a-openai', {
        response_format: { type: 'json_schema', json_schema: { name: 's', schema } },
      });
      expect(checked.status).toBe(200);
      expect(upstream.requests).toHaveLength(providers.length + 1);
    } finally {
      await server.stop();
      await upstream.close();
    }
  });

  describe('as archives', () => {
    const all = [...FUNCTIONS, ...EVENT_FUNCTIONS];
    let unpacked: string;
    beforeAll(async () => {
      // Outside the checkout: nothing is found there but what the archives and their lock files name.
      unpacked = await mkdtemp(join(tmpdir(), 'sluice-archives-'));
      for (const name of all) await unzip(join(directory, `${name}.zip`), join(unpacked, name));
    });
    afterAll(() => rm(unpacked, { recursive: true, force: true }));

    it.each(all)('%s starts exactly as it is unpacked, with the packages of its lock file alone', async (name) => {
      const source = join(unpacked, name);
      const framework = await placeDependencies(source, ROOT);
      const server = await startFramework(
        source,
        name,
        {
          K_SERVICE: name,
          GOOGLE_CLOUD_PROJECT: 'demo-archives',
          NODE_ENV: 'production',
        },
        framework,
      );
      try {
        const response = await fetch(`${server.url}/health`, { method: name === 'ingest-on-write' ? 'POST' : 'GET' });
        // An event function takes what is no event of its own, and does nothing with it.
        expect(response.status).toBe(name === 'ingest-on-write' ? 204 : 200);
      } finally {
        await server.stop();
      }
    });

    it('hold no path of the machine that made them', async () => {
      for (const name of all) {
        const archive = await readFile(join(directory, `${name}.zip`));
        for (const path of [ROOT, directory]) expect(archive.includes(path)).toBe(false);
      }
    });

    it('are the same bytes when they are made once more, elsewhere', async () => {
      const again = await mkdtemp(join(tmpdir(), 'sluice-again-'));
      try {
        await build(['search'], again);
        expect((await zipDirectory(join(again, 'search'))).equals(await readFile(join(directory, 'search.zip')))).toBe(
          true,
        );
      } finally {
        await rm(again, { recursive: true, force: true });
      }
    });
  });

  it.each(FUNCTIONS)('%s loads little at its start, and no SDK', (name) => {
    const { eagerBytes, eagerInputs } = measureBundle(metafiles[name] as Metafile);
    const packages = [...eagerInputs.keys()]
      .map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1])
      .filter((found) => found !== undefined);
    // The transport waits for the first call to a vendor, zod for the first request, YAML for a file that no build parsed.
    expect(packages).toEqual([]);
    // The schemas of requests are built for the first that needs them.
    expect([...eagerInputs.keys()].filter((input) => /shared\/http\/schemas|shared\/rag\/ingest/.test(input))).toEqual(
      [],
    );
    // So do the services, each of which only some of the functions have.
    expect([...eagerInputs.keys()].filter((input) => /shared\/app\/.*-service|shared\/app\/make-/.test(input))).toEqual(
      [],
    );
    expect(eagerBytes).toBeLessThan(260 * 1024);
  });

  it.each([...FUNCTIONS, ...EVENT_FUNCTIONS])(
    '%s starts from three files, and its threads from none of them but one',
    async (name) => {
      const metafile = metafiles[name] as Metafile;
      expect(
        eagerOutputs(metafile)
          .map((path) => basename(path))
          .sort(),
      ).toEqual(['common.js', 'index.js', 'start.js']);
      const thread = Object.keys(metafile.outputs).find((path) => path.endsWith('/file-thread.js')) as string;
      const loaded = reachedFrom(metafile.outputs, thread).map((path) => basename(path));
      expect(loaded).toContain('common.js');
      expect(loaded).not.toContain('start.js');
      // Awaiting its registration, the entry would keep every chunk waiting that imported anything from it.
      const ofIndex = Object.values(metafile.outputs)
        .flatMap(({ imports }) => imports)
        .filter(({ path }) => path.endsWith('/index.js'));
      expect(ofIndex).toEqual([]);
    },
  );

  it.each(FUNCTIONS)(
    '%s starts from files that take one byte a character, and imports no module of Node',
    async (name) => {
      // One letter beyond Latin 1, which the bundler leaves in patterns alone, and the engine keeps the whole file twice as large.
      for (const path of eagerOutputs(metafiles[name] as Metafile)) {
        const text = await readFile(join(ROOT, path), 'utf8');
        // An `import` reads all that a module of Node exports, fetch and WebSocket among it.
        expect(text).not.toMatch(/from"node:/);
        expect([...text].filter((letter) => letter > '\u00ff')).toEqual([]);
      }
    },
  );

  it.each(FUNCTIONS)('%s ships a manifest with an exact framework and no scripts', async (name) => {
    const manifest = JSON.parse(await readFile(join(directory, name, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ type: 'module', main: 'index.js', engines: { node: '24' } });
    expect(manifest.scripts).toBeUndefined();
    expect(manifest.dependencies['@google-cloud/functions-framework']).toMatch(/^\d+\.\d+\.\d+$/);
    const configuration = join(directory, name, 'agents.yaml');
    const text = await readFile(configuration, 'utf8');
    expect(await readParsed(text, configuration)).toEqual({ tree: readYaml(text, configuration) });
  });
});

interface Framework {
  readonly url: string;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<void>;
}

async function startFramework(
  source: string,
  target: string,
  environment: Record<string, string>,
  framework = FRAMEWORK,
): Promise<Framework> {
  const port = await freePort();
  const child = spawnFramework(source, target, { ...environment, PORT: String(port) }, framework);
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const onData = (data: Buffer): void => {
      output += data.toString();
      if (output.includes('URL: http')) resolve();
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('exit', (code) => reject(new Error(`The framework ended with ${code}: ${output}`)));
    // In production it says nothing about where it listens.
    if (environment.NODE_ENV === 'production') whenAnswering(port).then(resolve, reject);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit');
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}

/** Resolves when something listens on the port. */
async function whenAnswering(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const answers = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (answers) return;
    await setTimeout(100);
  }
  throw new Error('Nothing listens after a minute.');
}

async function runToEnd(source: string, target: string, environment: Record<string, string>) {
  const child = spawnFramework(source, target, environment);
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  child.stderr?.on('data', (data) => {
    output += data;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { output, code };
}

function spawnFramework(
  source: string,
  target: string,
  environment: Record<string, string>,
  framework = FRAMEWORK,
): ChildProcess {
  return spawn(process.execPath, [framework, `--source=${source}`, `--target=${target}`], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', METADATA_SERVER_DETECTION: 'none', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The status that a request gets which names another host than it goes to. */
function statusFor(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = openRequest(url, { method: 'POST', headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', reject);
    request.end('{}');
  });
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

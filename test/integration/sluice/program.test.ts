import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AppServer, startAppServer } from '../../support/app-server.ts';
import { createGate, createScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { runSluice, startSluice } from '../../support/sluice-program.ts';

const ESCAPE = '\u001b';
const COMMANDS = ['ingest', 'search', 'chat', 'models', 'usage', 'doctor'];

describe('the program, called wrongly or for help', () => {
  it.each(COMMANDS)('explains %s, with its options and exit codes', async (command) => {
    const { exitCode, output, errors } = await runSluice([command, '--help']);
    expect([exitCode, errors]).toEqual([0, '']);
    expect(output).toContain(`Usage: sluice ${command}`);
    expect(output).toContain('--url URL');
    expect(output).toMatch(/Exit codes: 0 .*, 1 .*, 2 .*, 130 interrupted\./s);
  });

  it('lists its commands, and says its version', async () => {
    const { output } = await runSluice(['--help']);
    for (const command of COMMANDS) expect(output).toContain(`\n  ${command} `);
    expect((await runSluice(['--version'])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], 'Usage: sluice COMMAND'],
    [['serach', 'x'], 'Did you mean search?'],
    [['--url', 'http://127.0.0.1:1', 'models'], 'Options come after the command: sluice COMMAND --url.'],
    [['search'], 'Say what to look for'],
    [['search', 'x', '--topk', '3'], 'There is no option --topk. Did you mean --top-k?'],
    [['search', 'x', '--top-k', 'many'], '--top-k is a whole number from 1 to 1000.'],
    [['search', 'x', '--filter', '{'], '--filter is JSON'],
    [['search', 'x', '--url', 'nowhere'], 'nowhere is not an address'],
    [['search', 'x', '--outputs', '/nowhere.json'], 'terraform -chdir=infra output -json'],
    [['chat', '--url'], 'argument missing'],
    [['chat', 'x', '-m', 'a', '-a', 'b'], 'not both'],
    [['usage', '--by', 'colour'], '--by is one of provider, model, agent, tenant, key.'],
    [['ingest'], 'Say what to ingest'],
  ])('ends with 2 for %j', async (args, words) => {
    const { exitCode, output, errors } = await runSluice(args);
    expect([exitCode, output]).toEqual([2, '']);
    expect(errors).toContain(words);
  });

  it('ends with 1, and the cure, when nothing answers', async () => {
    const server = await createScriptedServer();
    await server.close();
    const { exitCode, errors } = await runSluice(['models'], { environment: { SLUICE_URL: server.origin } });
    expect(exitCode).toBe(1);
    expect(errors).toContain(`Nothing answers at ${server.origin} (ECONNREFUSED). Start it with npm start`);
  });
});

describe('the program against a service', () => {
  let server: AppServer;
  let directory: string;
  let environment: Record<string, string>;
  const run = (args: readonly string[], input?: string) =>
    runSluice(args, { environment, directory, ...(input === undefined ? {} : { input }) });

  beforeAll(async () => {
    server = await startAppServer();
    environment = { SLUICE_URL: `${server.url}/v1/` };
    directory = await mkdtemp(join(tmpdir(), 'sluice-program-'));
    await writeFile(join(directory, 'guide.md'), '# The guide\n\nBicycles are parked in the yard.\u001b]0;taken\u0007');
    await writeFile(join(directory, 'lunch.txt'), 'The canteen opens at eleven.');
  });
  afterAll(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('ingests by pattern, finds, cites, lists and counts', async () => {
    const ingested = await run(['ingest', '*.md', 'lunch.txt']);
    expect(ingested).toMatchObject({ exitCode: 0, errors: '', output: expect.stringContaining('2 files in ') });
    expect(await run(['ingest', '*.md', 'lunch.txt'])).toMatchObject({
      output: expect.stringContaining('2 unchanged'),
    });

    const found = await run(['search', 'parked', 'bicycles', '-n', '1']);
    expect(found).toMatchObject({ exitCode: 0, errors: '' });
    expect(found.output).toMatch(/^ 1 {2}\d\.\d\d {2}The guide {2}guide\.md\n {4}.*Bicycles are parked/s);

    const answered = await run(['chat', '--retrieval', 'Where are bicycles parked?']);
    expect(answered).toMatchObject({ exitCode: 0, errors: '' });
    expect(answered.output).toMatch(/Bicycles are parked in the yard.*\n\n\[1\] \d\.\d\d {2}The guide {2}guide\.md\n/s);

    const listed = await run(['models']);
    expect(listed.output).toMatch(/^NAME +KIND .*\ndefault +agent +local\/extractive/);
    expect((await run(['models', '--kind', 'embedding'])).output).not.toContain('agent');

    const used = await run(['usage', '--days', '2', '--by', 'provider']);
    expect(used.output).toMatch(/^ +REQUESTS +TOKENS IN .*\ntoday \d{4}-\d\d-\d\d +\d/);
    expect(used.output).toMatch(/\nlocal +\d/);

    for (const { output } of [ingested, found, answered, listed, used]) expect(output).not.toContain(ESCAPE);
  });

  it('examines the service it talks to', async () => {
    const { output, errors } = await run(['doctor']);
    expect(errors).toBe('');
    expect(output).toContain(server.url);
    expect(JSON.parse((await run(['doctor', '--json'])).output)).toMatchObject({});
    expect(await run(['doctor', '--config', 'nowhere.yaml'])).toMatchObject({ exitCode: 1 });
  });

  it.each([
    [['search', 'canteen', '--json'], { object: 'list', data: expect.any(Array) }],
    [['models', '--json'], { object: 'list', data: expect.any(Array) }],
    [['usage', '--json'], { object: 'usage', scope: 'all' }],
    [['chat', 'hello', '--json'], { object: 'chat.completion', sluice: { provider: 'local' } }],
    [['ingest', 'lunch.txt', '--json'], { files: 1, failed: 0 }],
  ])('writes JSON alone for %j', async (args, expected) => {
    const { exitCode, output, errors } = await run(args);
    expect([exitCode, errors]).toEqual([0, '']);
    expect(JSON.parse(output)).toMatchObject(expected);
  });

  it('takes the question from standard input, also below one that is written out', async () => {
    expect(await run(['chat'], 'What is Sluice?\n')).toMatchObject({ exitCode: 0, output: expect.any(String) });
    expect(await run(['chat'], ' \n')).toMatchObject({ exitCode: 2 });
    const { output } = await run(['chat', '-r', 'When does this open:', '-'], 'the canteen\n');
    expect(output).toContain('The canteen opens at eleven.');
  });

  it('ends with 1 when a file fails, and names it', async () => {
    const { exitCode, output } = await run(['ingest', 'nowhere.md', '*.pdf', 'lunch.txt']);
    expect(exitCode).toBe(1);
    expect(output).toContain('failed  nowhere.md: There is no such file or folder.');
    expect(output).toContain('failed  *.pdf: No file of a known kind');
  });

  it('says what a model without a name here needs', async () => {
    const { exitCode, output, errors } = await run(['chat', '-m', 'gpt-9', 'hello']);
    expect([exitCode, output]).toEqual([1, '']);
    expect(errors).toMatch(/^sluice: .*model/);
  });
});

describe('the program with a key', () => {
  it('carries it, and says what to do about a refusal', async () => {
    const yaml = `
agents: [{name: default, role: assistant, provider: local, model: extractive}]
auth: {mode: api_key, keys: [{name: team, key: sesame-sesame-sesame-sesame-1234}]}
`;
    const server = await startAppServer({ yaml });
    const ask = (environment: Record<string, string>, ...args: string[]) =>
      runSluice(['chat', 'hello', ...args], { environment: { SLUICE_URL: server.url, ...environment } });
    try {
      expect(await ask({})).toMatchObject({ exitCode: 1, errors: expect.stringContaining('SLUICE_API_KEY') });
      expect(await ask({ SLUICE_API_KEY: 'sesame-sesame-sesame-sesame-1234' })).toMatchObject({ exitCode: 0 });
      expect(await ask({}, '--key', 'sesame-sesame-sesame-sesame-1234')).toMatchObject({ exitCode: 0 });
    } finally {
      await server.close();
    }
  });
});

describe('an answer of the program', () => {
  let upstream: ScriptedServer;
  const event = (fields: object): string => `data: ${JSON.stringify(fields)}\n\n`;
  const text = (content: string): string => event({ choices: [{ index: 0, delta: { content } }] });
  const models = { body: { data: [{ id: 'default', sluice: { kind: 'agent' } }] } };

  beforeAll(async () => {
    upstream = await createScriptedServer();
  });
  afterAll(() => upstream.close());

  it('is shown as it comes', async () => {
    const gate = createGate();
    upstream.reply(models, { pieces: [text('one '), gate, text('two'), 'data: [DONE]\n\n'] });
    const running = startSluice(['chat', 'count', '--url', upstream.origin]);
    await running.until('one ');
    expect(running.shown()).toBe('one ');
    gate.open();
    expect(await running.ended).toEqual({ exitCode: 0, output: 'one two\n', errors: '' });
  });

  it('that breaks off is a failure', async () => {
    upstream.reply(models, { pieces: [text('half')], finish: 'reset' });
    expect(await runSluice(['chat', 'x', '--url', upstream.origin])).toMatchObject({
      exitCode: 1,
      output: 'half',
      errors: expect.stringContaining('broke off'),
    });
    upstream.reply(models, { pieces: [text('half'), event({ error: { message: 'The provider left.' } })] });
    expect(await runSluice(['chat', 'x', '--url', upstream.origin])).toMatchObject({
      exitCode: 1,
      errors: expect.stringContaining('The provider left.'),
    });
  });

  it('ends with 130 when it is interrupted, and so does the request', async () => {
    upstream.reply(models, { pieces: [text('one ')], finish: 'hang' });
    const asked = upstream.requests.length;
    const running = startSluice(['chat', 'count', '--url', upstream.origin]);
    await running.until('one ');
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ exitCode: 130 });
    await (await upstream.waitForRequest(asked + 1)).whenAborted;
  });

  it('shows who failed when nobody could answer', async () => {
    upstream.reply(models, {
      status: 503,
      body: {
        error: { message: 'No provider could answer.' },
        sluice: { attempts: [{ provider: 'openai', model: 'gpt-4o-mini', code: 'rate_limit' }] },
      },
    });
    const { exitCode, errors } = await runSluice(['chat', 'x', '--url', upstream.origin]);
    expect(exitCode).toBe(1);
    expect(errors).toContain('No provider could answer.');
    expect(errors).toContain('openai/gpt-4o-mini: rate_limit');
  });
});

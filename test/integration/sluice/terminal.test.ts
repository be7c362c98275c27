import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGate, createScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';
import { describeOnTerminal, startSluiceOnTerminal } from '../../support/sluice-program.ts';

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const ENTER = '\r';

const event = (fields: object): string => `data: ${JSON.stringify(fields)}\n\n`;
const text = (content: string): string => event({ choices: [{ index: 0, delta: { content } }] });
const end = (fields: object = {}): string =>
  `${event({
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
    sluice: { provider: 'openai', model: 'gpt-4o-mini', cost_usd: 0.000012, attempts: [], ...fields },
  })}data: [DONE]\n\n`;

describeOnTerminal('the program on a terminal', () => {
  let service: ScriptedServer;
  beforeAll(async () => {
    service = await createScriptedServer();
  });
  afterAll(() => service.close());

  const messagesOf = async (position: number) =>
    ((await service.waitForRequest(position)).json() as { messages: unknown[] }).messages;

  it('holds a conversation, in which Ctrl-C stops an answer and Ctrl-D the program', async () => {
    const first = service.requests.length;
    service.reply({ pieces: [text('It is '), text('blue.'), end()] }, { pieces: [text('Well, ')], finish: 'hang' });
    const person = startSluiceOnTerminal(['chat', '-m', 'default', '--url', service.origin]);
    await person.until('/help lists');
    await person.until('> ');
    person.type(`What colour?${ENTER}`);
    await person.until('It is blue.');
    await person.until('openai/gpt-4o-mini');
    await person.until('$0.000012');
    await person.until('> ');

    person.type(`Why?${ENTER}`);
    await person.until('Well, ');
    person.type(CTRL_C);
    await person.until('Stopped.');
    await (await service.waitForRequest(first + 1)).whenAborted;
    await person.until('> ');

    person.type(CTRL_C);
    await person.until('Ctrl-D ends.');
    service.reply({ pieces: [text('Because.'), end()] });
    person.type(`Go on.${ENTER}`);
    await person.until('Because.');
    await person.until('> ');
    expect(await messagesOf(first + 2)).toEqual([
      { role: 'user', content: 'What colour?' },
      { role: 'assistant', content: 'It is blue.' },
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Well, ' },
      { role: 'user', content: 'Go on.' },
    ]);
    person.type(CTRL_D);
    expect((await person.ended).exitCode).toBe(0);
  });

  it('changes model, retrieval and memory between questions, and survives a refusal', async () => {
    const first = service.requests.length;
    const citations = [{ index: 1, score: 0.9, document_id: 'guide', title: 'The guide', source: 'guide.md' }];
    service.reply(
      { status: 404, body: { error: { message: 'There is no model that.' } } },
      { pieces: [text('Cited.'), end({ citations })] },
    );
    const person = startSluiceOnTerminal(['chat', '-m', 'that', '--url', service.origin], {
      environment: { NO_COLOR: '1' },
    });
    await person.until('> ');
    person.type(`hello${ENTER}`);
    await person.until('There is no model that.');
    person.type(`/model other${ENTER}`);
    await person.until('Asking other');
    person.type(`/retrieval${ENTER}`);
    await person.until('from what was ingested');
    person.type(`/system Be brief.${ENTER}`);
    await person.until('Told first');
    person.type(`hello again${ENTER}`);
    await person.until('[1] 0.90  The guide  guide.md');
    const asked = (await service.waitForRequest(first + 1)).json();
    expect(asked).toMatchObject({ model: 'other', stream: true, sluice: { retrieval: {} } });
    expect(await messagesOf(first + 1)).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hello again' },
    ]);
    person.type(`/exit${ENTER}`);
    expect((await person.ended).exitCode).toBe(0);
    // Cursor movements are readline's; colours would end in m.
    for (const colour of [1, 2, 31, 32, 36]) expect(person.shown()).not.toContain(`\u001b[${colour}m`);
  });

  it('shows no escape sequence of an answer', async () => {
    service.reply({ pieces: [text('\u001b]0;own'), text('ed\u0007\u009b31m done'), end()] });
    const person = startSluiceOnTerminal(['chat', 'x', '-m', 'default', '--url', service.origin]);
    const { output } = await person.ended;
    expect(output).toContain(']0;owned31m done');
    expect(output).not.toContain('\u001b]0;');
  });

  it('shows how far an ingestion is, how fast, and how long yet', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-terminal-'));
    const names = Array.from({ length: 21 }, (_, index) => `${String(index).padStart(2, '0')}.txt`);
    for (const name of names) await writeFile(join(directory, name), 'Twenty-one files are two requests.');
    const gate = createGate();
    const data = (from: number, to: number) =>
      names.slice(from, to).map((id) => ({ id, status: 'ready', chunks: 1, embedded: 1 }));
    // Whichever request comes first: both are answered with everything, one of them later.
    service.reply({ body: { data: data(0, 21) } }, { before: gate, body: { data: data(0, 21) } });
    try {
      const person = startSluiceOnTerminal(['ingest', '.', '--url', service.origin], { directory });
      await person.until('0/21 files');
      await person.until('/21 files');
      await person.until('files/s');
      await person.until(' left');
      gate.open();
      const { exitCode, output } = await person.ended;
      expect(exitCode).toBe(0);
      expect(output).toContain('21 files in ');
      expect(output).toContain('21 ingested');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

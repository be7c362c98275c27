import axe from 'axe-core';
import type { FileChooser, Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { createScriptedServer, type ScriptedServer } from '../support/scripted-server.ts';
import { DOWN, streamed } from './support/answers.ts';
import { describePage, PHONE } from './support/page.ts';

let upstream: ScriptedServer;

const ANSWER =
  '## Parts\n\nA gate [1], see [more](https://example.com).\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```ts\nconst wide = "a line of code that is a good deal wider than the screen of any telephone that we know of";\n```\n';

async function toYaml(): Promise<string> {
  upstream = await createScriptedServer(streamed(ANSWER));
  const leg = (model: string) => `{ provider: openai, model: ${model}, api_key: k, endpoint: "${upstream.origin}/v1" }`;
  return `
limits: { daily_usd: 5 }
agents:
  - { name: assistant, retry: { max_attempts: 1 }, providers: [${leg('gpt-4.1')}, ${leg('gpt-4o-mini')}] }
  - { name: quoting, provider: local, model: extractive }
`;
}

const FILE = {
  name: 'handbook.md',
  mimeType: 'text/markdown',
  buffer: Buffer.from('# Gate\n\nA sluice is a gate that holds water back.'),
};

/** Every view with something in it, one after the other. */
const SCENES: readonly (readonly [name: string, play: (page: Page) => Promise<void>])[] = [
  ['chat, empty', async (page) => void (await page.getByRole('heading', { name: 'Ask something' }).waitFor())],
  [
    'documents',
    async (page) => {
      await go(page, 'documents');
      await page
        .getByLabel('Files to upload')
        .setInputFiles([FILE, { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from('x') }]);
      await page.locator('.status.good').waitFor();
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'chat, with an answer',
    async (page) => {
      await go(page, 'chat');
      upstream.reply(DOWN);
      await page.getByRole('switch', { name: 'Answer from documents' }).check();
      await page.getByRole('textbox', { name: 'Your question' }).fill('What is a sluice?');
      await page.keyboard.press('Enter');
      await page.locator('.answer-foot').waitFor();
    },
  ],
  [
    'a passage',
    async (page) => {
      await page.locator('.cite').click();
      await page.getByRole('dialog').waitFor();
    },
  ],
  [
    'search',
    async (page) => {
      await page.keyboard.press('Escape');
      await go(page, 'search');
      await page.getByRole('button', { name: 'Filter by metadata' }).click();
      await page.getByRole('searchbox').fill('gates of water');
      await page.keyboard.press('Enter');
      await page.locator('.result').waitFor();
    },
  ],
  [
    'usage',
    async (page) => {
      await go(page, 'usage');
      await page.getByRole('radio', { name: '30 days' }).check();
      await page.locator('.chart').waitFor();
      await page.getByText('As a table').click();
    },
  ],
  [
    'the list of shortcuts',
    async (page) => {
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    },
  ],
];

describePage('access', toYaml, ({ open }) => {
  afterAll(() => upstream.close());

  it.each(['light', 'dark'] as const)(
    'axe finds nothing serious on any view, %s, contrast included',
    async (colorScheme) => {
      const page = await open('chat', { colorScheme });
      for (const [name, play] of SCENES) {
        await play(page);
        expect({ [name]: await seriousFindings(page) }).toEqual({ [name]: [] });
      }
    },
  );

  it('fits on a telephone: no view scrolls sideways, and what is pressed is large enough', async () => {
    const page = await open('chat', PHONE);
    for (const [name, play] of SCENES) {
      await play(page);
      expect({ [name]: await page.evaluate('document.documentElement.scrollWidth - innerWidth') }).toEqual({
        [name]: 0,
      });
      const small = await page.evaluate(`[...document.querySelectorAll('nav a, button:not(.cite)')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().width > 1)
        .filter((element) => element.getBoundingClientRect().height < 24)
        .map((element) => element.textContent)`);
      expect({ [name]: small }).toEqual({ [name]: [] });
    }
  });

  it('is dark where the system is, and keeps what its switch was set to', async () => {
    const page = await open('chat', { colorScheme: 'dark' });
    const background = (): Promise<unknown> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const dark = await background();
    await page.getByRole('button', { name: 'System theme' }).click();
    await page.getByRole('button', { name: 'Light theme' }).waitFor();
    const light = await background();
    expect(light).not.toBe(dark);
    await page.reload();
    await page.getByRole('button', { name: 'Light theme' }).click();
    await page.getByRole('button', { name: 'Dark theme' }).waitFor();
    expect(await background()).toBe(dark);
  });

  it('does everything from the keyboard: ask, stop, sources, views, search, documents, usage, theme, help', async () => {
    const page = await open();
    // Heard from the start: the browser is told to hand dialogs over some time before one opens.
    const chooser = new Promise<FileChooser>((resolve) => page.once('filechooser', resolve));
    await pressUntil(page, 'Shift+Tab', 'Model or agent');
    await page.keyboard.press('ArrowDown');
    await page.locator('.model-facts').getByText('local/extractive').waitFor();
    await page.keyboard.press('ArrowUp');

    await pressUntil(page, 'Tab', 'Your question');
    await page.keyboard.type('What is a sluice?');
    await pressUntil(page, 'Tab', 'Answer from documents');
    await page.keyboard.press('Space');
    expect(await page.getByRole('switch', { name: 'Answer from documents' }).isChecked()).toBe(true);

    await page.keyboard.press('3');
    await page.getByRole('heading', { name: 'Documents' }).waitFor();
    await page.keyboard.press('/');
    await expect.poll(() => focused(page)).toBe('choose files');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles([FILE]);
    await page.locator('.status.good').waitFor();

    await page.keyboard.press('1');
    await page.getByRole('textbox', { name: 'Your question' }).waitFor();
    await page.keyboard.press('/');
    await expect.poll(() => focused(page)).toBe('Your question');
    await page.keyboard.press('Enter');
    await page.locator('.answer-foot').waitFor();
    await pressUntil(page, 'Shift+Tab', 'Source 1: handbook.md');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('holds water back').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => focused(page)).toBe('Source 1: handbook.md');

    await page.keyboard.press('2');
    await page.getByRole('heading', { name: 'Search', exact: true }).waitFor();
    await page.keyboard.press('/');
    await expect.poll(() => focused(page)).toBe('What to look for');
    await page.keyboard.type('gate');
    await page.keyboard.press('Enter');
    await page.locator('.result mark').first().waitFor();

    await page.keyboard.press('Escape');
    await pressUntil(page, 'Tab', 'Filter by metadata');
    await page.keyboard.press('4');
    await page.getByRole('heading', { name: 'Usage' }).waitFor();
    await pressUntil(page, 'Tab', 'Today');
    await page.keyboard.press('ArrowRight');
    await page.locator('.chart').waitFor();

    await page.keyboard.press('t');
    await page.getByRole('button', { name: 'Light theme' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');

    await page.keyboard.press('3');
    await pressUntil(page, 'Tab', 'Delete handbook.md');
    await page.keyboard.press('Enter');
    await page.getByText('Really delete?').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('Nothing here yet: drop a file.').waitFor();
    await page.keyboard.press('n');
    await page.getByRole('heading', { name: 'Ask something' }).waitFor();
    await expect.poll(() => focused(page)).toBe('Your question');
  });

  it('leaves single keys alone where somebody types, and where they are switched off', async () => {
    const page = await open();
    await page.getByRole('textbox', { name: 'Your question' }).pressSequentially('n2t?');
    expect(await page.getByRole('textbox', { name: 'Your question' }).inputValue()).toBe('n2t?');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await page.getByRole('switch', { name: 'Single keys act while nobody types' }).uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');
    expect(new URL(page.url()).hash).toBe('#chat');
  });

  it('shows where the focus is, on everything that takes it', async () => {
    const page = await open('search');
    const seen = new Set<string>();
    for (let count = 0; count < 40; count += 1) {
      await page.keyboard.press('Tab');
      const name = await focused(page);
      if (name === '' || seen.has(name)) break;
      seen.add(name);
      const mark = await page.evaluate(`(() => {
        const shown = document.activeElement.matches('.switch input, .segments input')
          ? document.activeElement.nextElementSibling : document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(shown);
        return outlineStyle + ' ' + outlineWidth;
      })()`);
      expect({ [name]: mark }).toEqual({ [name]: 'solid 2px' });
    }
    expect(seen.size).toBeGreaterThan(8);
  });
});

function go(page: Page, view: string): Promise<unknown> {
  return page.locator(`nav a[href="#${view}"]`).click();
}

async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as axe.AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** What has the focus, by the name a screen reader says. */
async function focused(page: Page): Promise<string> {
  return (await page.evaluate(`(() => {
    const element = document.activeElement;
    if (element === document.body) return '';
    const label = element.labels?.[0] && (element.labels[0].firstChild.textContent || element.labels[0].textContent);
    return (element.getAttribute('aria-label') ?? label ?? element.textContent ?? '').trim();
  })()`)) as string;
}

async function pressUntil(page: Page, key: string, name: string): Promise<void> {
  for (let count = 0; count < 60; count += 1) {
    if ((await focused(page)) === name) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to "${name}".`);
}

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished } from 'vitest';
import { type Gateway, startGateway } from './gateway.ts';
// The type of what is provided is declared there.
import type {} from './global-setup.ts';

/** The smallest telephone that counts. */
export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

export interface Visit {
  readonly gateway: Gateway;
  /** The page in a context of its own, loaded, and watched: see `openPage`. */
  open(view?: string, options?: BrowserContextOptions): Promise<Page>;
}

/**
 * A suite against the built gateway with its page, in a real Chromium. Where there is none the suite is skipped, and its
 * title says why.
 */
export function describePage(
  title: string,
  toYaml: () => Promise<string> | string,
  suite: (visit: Visit) => void,
): void {
  const endpoint = inject('browser');
  if (endpoint === null || endpoint === undefined) {
    describe.skip(`${title} [no Chromium: install it, or name it in CHROMIUM]`, () => suite({} as Visit));
    return;
  }
  describe(title, () => {
    let browser: Browser;
    let gateway: Gateway;

    beforeAll(async () => {
      [browser, gateway] = await Promise.all([
        chromium.connect(endpoint),
        Promise.resolve(toYaml()).then((yaml) => startGateway(yaml)),
      ]);
    });

    afterAll(async () => {
      await Promise.all([browser.close(), gateway.stop()]);
    });

    suite({
      get gateway() {
        return gateway;
      },
      open: (view = 'chat', options = {}) => openPage(browser, `${gateway.url}/#${view}`, options),
    });
  });
}

/**
 * Opens a page. Whatever its test does there, the test fails at its end when the page asked any other server for
 * anything, broke its own policy, threw, or opened a dialog of the browser.
 */
async function openPage(browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    ...options,
  });
  // For machines with much else to do; nothing waits longer than it must.
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const { origin } = new URL(url);
  const problems: string[] = [];
  await page.exposeFunction('reportViolation', (text: string) => void problems.push(`policy: ${text}`));
  await page.addInitScript(
    "addEventListener('securitypolicyviolation', (event) => reportViolation(event.violatedDirective + ' ' + event.blockedURI))",
  );
  context.on('request', (request) => {
    const target = request.url();
    if (!target.startsWith(`${origin}/`) && !target.startsWith('data:')) problems.push(`request: ${target}`);
  });
  page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`));
  page.on('console', (message) => {
    // The browser notes each answer that is an error; whether the page copes with it is what the tests are about.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problems.push(`console: ${message.text()}`);
    }
  });
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  onTestFinished(async () => {
    await context.close();
    expect(problems).toEqual([]);
  });
  await page.goto(url);
  // The models are there, or the reason why they are not.
  await page.waitForSelector('.model-facts span, .view-chat .notice', { state: 'attached' });
  return page;
}

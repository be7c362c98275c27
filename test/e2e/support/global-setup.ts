import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { build, ROOT } from '../../../scripts/build.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the browser of this run, null when Chromium is not installed. */
    browser: string | null;
    /** The built gateway, as a deployment has it. */
    gateway: string;
  }
}

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Builds the gateway and starts one browser for all tests of the page. Without Chromium they are skipped, or the run
 * fails when `REQUIRE_SERVICES=1`.
 */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const executablePath = PLACES.find((path) => path !== undefined && path !== '' && existsSync(path));
  if (executablePath === undefined) {
    if (process.env.REQUIRE_SERVICES === '1') {
      throw new Error('REQUIRE_SERVICES=1, but Chromium is missing. Install it, or name it in CHROMIUM.');
    }
    project.provide('browser', null);
    return undefined;
  }
  // Inside the checkout, so that the framework is found beside it as it is in a deployment.
  const directory = await mkdtemp(join(ROOT, 'node_modules', '.sluice-test-'));
  const [server] = await Promise.all([
    chromium.launchServer({ executablePath, args: ARGUMENTS, host: '127.0.0.1' }),
    build(['gateway'], directory),
  ]);
  project.provide('browser', server.wsEndpoint());
  project.provide('gateway', join(directory, 'gateway'));
  return async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  };
}

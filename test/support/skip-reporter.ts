import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** Part of the title of a test or suite that may be skipped even where all services are required. */
const OPTIONAL_MARK = '[optional]';

/**
 * Names every skipped test at the end of a run, so that a green run cannot hide that something was left out. With
 * `REQUIRE_SERVICES=1` a skipped test fails the run, unless its title holds `[optional]`.
 */
// biome-ignore lint/style/noDefaultExport: Vitest loads a reporter named by its path through its default export.
export default class SkipReporter implements Reporter {
  #isFiltered = false;

  onInit(vitest: Vitest): void {
    // Tests that the command line deselected count as skipped too; naming them would say nothing.
    this.#isFiltered = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#isFiltered) return;
    const skipped = modules.flatMap(listSkipped);
    if (skipped.length === 0) {
      console.log('\n Skipped tests: nothing was skipped.');
      return;
    }
    console.log(`\n Skipped tests (${skipped.length}):`);
    for (const { title, note } of skipped) console.log(`  - ${title}${note === undefined ? '' : ` (${note})`}`);
    const missing = skipped.filter(({ title }) => !title.includes(OPTIONAL_MARK));
    if (process.env.REQUIRE_SERVICES === '1' && missing.length > 0) {
      console.error(`\n REQUIRE_SERVICES=1: ${missing.length} of them should have run.`);
      process.exitCode = 1;
    }
  }
}

function listSkipped(module: TestModule): { title: string; note: string | undefined }[] {
  return [...module.children.allTests('skipped')].map((test) => {
    const result = test.result();
    return {
      title: `${module.relativeModuleId} > ${test.fullName}`,
      note: result.state === 'skipped' ? result.note : undefined,
    };
  });
}

/**
 * Replays vendors' answers through the gateway and prints how many of them a client gets right, per provider and field.
 *
 *   npm run conformance -- [--provider NAME] [--quick] [--failures]
 *
 * The suite lives with the tests, which are no part of what is shipped, and is therefore loaded by its address.
 */
const { runConformance } = (await import(new URL('../test/support/replay-command.ts', import.meta.url).href)) as {
  runConformance(args: readonly string[]): Promise<number>;
};

process.exit(await runConformance(process.argv.slice(2)));

export {};

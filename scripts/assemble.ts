/**
 * Assembles the search kernel, shared/stores/vector/simd-kernel.wat, into the TypeScript file beside it that carries its
 * bytes. Run it after every change of the source; a test fails while the two differ.
 *
 *   npm run assemble
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import createWabt from 'wabt';

const FOLDER = new URL('../shared/stores/vector/', import.meta.url);
const SOURCE = fileURLToPath(new URL('simd-kernel.wat', FOLDER));
const TARGET = fileURLToPath(new URL('simd-kernel-bytes.ts', FOLDER));
const LINE_LENGTH = 110;

/** @throws Error with the line at fault when the source is not valid WebAssembly. */
export async function assembleKernel(): Promise<Uint8Array> {
  const wabt = await createWabt();
  const parsed = wabt.parseWat(SOURCE, await readFile(SOURCE, 'utf8'), { simd: true });
  try {
    parsed.validate();
    return parsed.toBinary({ write_debug_names: false }).buffer;
  } finally {
    parsed.destroy();
  }
}

function toModule(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  return [
    `/** simd-kernel.wat, assembled by \`npm run assemble\`: ${bytes.length} bytes in base64. */`,
    'export const KERNEL_BYTES =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

const [, script] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  await writeFile(TARGET, toModule(await assembleKernel()));
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { placeConfiguration } from '../../../scripts/place-configuration.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { parsedFileOf, readParsed } from '../../../shared/config/parsed-file.ts';
import { readYaml } from '../../../shared/config/yaml.ts';
import { AppError } from '../../../shared/contracts/app-error.ts';

const TEXT = `agents:\n  - { name: placed, model: local, prompt: "$\{GREETING}" }\n`;

describe('a configuration that was parsed ahead of time', () => {
  let directory = '';
  let file = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-parsed-'));
    file = join(directory, 'agents.yaml');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const load = async () =>
    (await loadConfig({ environment: { SLUICE_CONFIG: file, GREETING: 'Hello' } })).config.agents[0];
  /** Makes the tree beside the file say something else than the file, so that it shows which of them was read. */
  const mark = async () => {
    const parsed = JSON.parse(await readFile(parsedFileOf(file), 'utf8'));
    parsed.tree.agents[0].name = 'from-the-tree';
    await writeFile(parsedFileOf(file), JSON.stringify(parsed));
  };

  it('is read in place of its text, and variables are filled in when it is', async () => {
    await placeConfiguration(TEXT, file);
    expect(await load()).toMatchObject({ name: 'placed', prompt: 'Hello' });
    await mark();
    expect(await load()).toMatchObject({ name: 'from-the-tree', prompt: 'Hello' });
  });

  it('counts for nothing once the text was changed', async () => {
    await placeConfiguration(TEXT, file);
    await mark();
    await writeFile(file, TEXT.replace('placed', 'edited'));
    expect(await load()).toMatchObject({ name: 'edited' });
  });

  it.each(['', '{', 'null', '[]', '{"text": 1}', JSON.stringify({ text: TEXT })])(
    'counts for nothing when it is %j',
    async (content) => {
      await writeFile(file, TEXT);
      await writeFile(parsedFileOf(file), content);
      expect(await load()).toMatchObject({ name: 'placed' });
    },
  );

  it('is not made of what JSON cannot hold, and an older one goes', async () => {
    await placeConfiguration(TEXT, file);
    await placeConfiguration('limits: { daily_usd: .inf }', file);
    await expect(readFile(parsedFileOf(file))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('leaves it to the start to say what is wrong with a text', async () => {
    await placeConfiguration('agents: [', file);
    await expect(load()).rejects.toMatchObject({ code: 'configuration' });
  });

  it('holds the very tree of its text, and none for a text that is refused', async () => {
    const read = (text: string) => {
      try {
        return { tree: readYaml(text, file) };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { refused: error.message };
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), async (tree) => {
        const text = stringify(tree);
        await placeConfiguration(text, file);
        expect((await readParsed(text, file)) ?? read(text)).toEqual(read(text));
      }),
      { numRuns: 50, examples: [[{ a: { '<<': false } }], [{ a: { '<<': { b: 1 } } }]] },
    );
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Rooms and what they may import from. A room may always import from itself, unless it is made of adapters. */
const BASE = ['contracts'];
const TOOLS = ['config', 'telemetry', 'resilience', 'usage', 'security', 'secrets', 'text'];
const PARTS = ['providers', 'embeddings', 'stores', 'routing', 'rag', 'http'];

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  ...Object.fromEntries(TOOLS.map((room) => [room, [...BASE, ...TOOLS]])),
  ...Object.fromEntries(PARTS.map((room) => [room, [...BASE, ...TOOLS]])),
  app: [...BASE, ...TOOLS, ...PARTS],
  functions: [...BASE, ...TOOLS, ...PARTS, 'app'],
  scripts: [...BASE, ...TOOLS, ...PARTS, 'app', 'functions'],
};

/** Packages that belong to one vendor or backend; only these rooms may name them, and only with `import()` or as types. */
const VENDOR_PACKAGES =
  /^(openai|@anthropic-ai\/|@google\/|@google-cloud\/(?!functions-framework)|@huggingface\/|google-auth-library|redis$|pg$|pgvector|@electric-sql\/)/;
const VENDOR_ROOMS: ReadonlySet<string> = new Set([
  'contracts',
  'providers',
  'embeddings',
  'stores',
  'secrets',
  'security',
]);

/** Translation that several adapters are made of; it stands beside them and is none itself. */
const SHARED_TRANSLATION = /^shared\/providers\/openai-/;

interface Import {
  readonly file: string;
  readonly room: string;
  readonly specifier: string;
  /** Erased by the compiler: costs nothing and loads nothing. */
  readonly typeOnly: boolean;
  /** Loaded when the line runs, not when the module does. */
  readonly dynamic: boolean;
}

const imports = ['shared', 'functions', 'scripts'].flatMap((folder) => readImports(join(ROOT, folder)));
const own = imports.filter(({ specifier }) => specifier.startsWith('.'));

describe('architecture', () => {
  it('sees the imports it is to judge', () => {
    expect(own.length).toBeGreaterThan(50);
    expect(new Set(own.map(({ room }) => room))).toEqual(
      new Set(Object.keys(ALLOWED).filter((room) => own.some((found) => found.room === room))),
    );
    expect(own.some(({ room }) => room === 'app')).toBe(true);
  });

  it('lets every room import only from the rooms below it', () => {
    const forbidden = own
      .map((found) => ({ ...found, target: roomOf(resolve(dirname(join(ROOT, found.file)), found.specifier)) }))
      .filter(({ room, target }) => target !== room && !ALLOWED[room]?.includes(target))
      .map(({ file, target }) => `${file} imports from ${target}`);
    expect(forbidden).toEqual([]);
  });

  it('keeps adapters from importing each other', () => {
    const registered = (folder: string): Set<string> =>
      new Set(
        imports
          .filter(({ file, dynamic }) => dynamic && file === `${folder}/registry.ts`)
          .map(({ specifier }) => join(folder, specifier)),
      );
    const adapters = [
      'shared/providers',
      'shared/embeddings',
      'shared/stores/vector',
      'shared/stores/document',
      'shared/stores/cache',
    ].map(registered);
    const all = new Set(adapters.flatMap((set) => [...set]));
    expect(all.size).toBeGreaterThan(4);
    const forbidden = own
      .filter(({ file }) => all.has(file))
      .map(({ file, specifier }) => ({ file, target: relative(ROOT, resolve(dirname(join(ROOT, file)), specifier)) }))
      .filter(({ file, target }) => file !== target && all.has(target) && !SHARED_TRANSLATION.test(target))
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(forbidden).toEqual([]);
  });

  it('keeps the page and the server apart: they meet over HTTP alone', () => {
    const page = 'functions/gateway/playground/';
    const inPage = (file: string): boolean => file.startsWith(page);
    const resolved = own.map(({ file, specifier }) => ({
      file,
      target: relative(ROOT, resolve(dirname(join(ROOT, file)), specifier)),
    }));
    expect(resolved.filter(({ file }) => inPage(file)).length).toBeGreaterThan(20);
    const crossing = resolved.filter(({ file, target }) => inPage(file) !== inPage(target));
    expect(crossing.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  it('names the registries in the composition root alone', () => {
    const elsewhere = own
      .filter(({ specifier, typeOnly, room }) => specifier.endsWith('/registry.ts') && room !== 'app' && !typeOnly)
      .map(({ file }) => file);
    expect(elsewhere).toEqual([]);
  });

  it('keeps vendors behind their adapters and loads their packages on first use', () => {
    const vendor = imports.filter(({ specifier }) => VENDOR_PACKAGES.test(specifier));
    expect(vendor.length).toBeGreaterThan(2);
    const misplaced = vendor
      .filter(
        ({ room, typeOnly }) => room !== 'scripts' && (!VENDOR_ROOMS.has(room) || (room === 'contracts' && !typeOnly)),
      )
      .map(({ file, specifier }) => `${file} names ${specifier}`);
    expect(misplaced).toEqual([]);
    const eager = vendor
      .filter(({ typeOnly, dynamic, room }) => !typeOnly && !dynamic && room !== 'scripts')
      .map(({ file, specifier }) => `${file} loads ${specifier} at import`);
    expect(eager).toEqual([]);
  });

  it('reads the process environment in one place', () => {
    const readers = sources(join(ROOT, 'shared'))
      .concat(sources(join(ROOT, 'functions')))
      .filter((file) => /process\.env\b/.test(stripComments(readFileSync(file, 'utf8'))))
      .map((file) => relative(ROOT, file));
    expect(readers).toEqual(['shared/config/environment.ts']);
  });

  it('keeps every source file short enough to know', () => {
    const long = ['shared', 'functions', 'scripts']
      .flatMap((folder) => sources(join(ROOT, folder)))
      .map((file) => ({ file: relative(ROOT, file), lines: readFileSync(file, 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

function readImports(folder: string): Import[] {
  return sources(folder).flatMap((path) => {
    const file = relative(ROOT, path);
    const text = stripComments(readFileSync(path, 'utf8'));
    const found: Import[] = [];
    const add = (specifier: string, typeOnly: boolean, dynamic: boolean): void => {
      found.push({ file, room: roomOf(path), specifier, typeOnly, dynamic });
    };
    for (const [, kind, specifier] of text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s+'([^']+)'/gm)) {
      add(specifier as string, kind !== undefined, false);
    }
    for (const [, specifier] of text.matchAll(/^\s*import\s+'([^']+)'/gm)) add(specifier as string, false, false);
    for (const [, before, specifier] of text.matchAll(/(typeof\s+|:\s*|<)?\bimport\('([^']+)'\)/g)) {
      add(specifier as string, before !== undefined, true);
    }
    return found;
  });
}

function roomOf(path: string): string {
  const [top, room] = relative(ROOT, path).split('/');
  return top === 'shared' ? (room as string) : (top as string);
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name))
    .sort();
}

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

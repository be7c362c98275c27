import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const FOLDER = new URL('../../infra/ollama/', import.meta.url);

/** Any part of a YAML file. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into files of other tools, whose types are theirs
export type Yaml = any;

export interface Instruction {
  readonly name: string;
  /** Everything behind the name, lines joined. */
  readonly text: string;
}

export function readInfra(name: string): string {
  return readFileSync(fileURLToPath(new URL(name, FOLDER)), 'utf8');
}

export function readYaml(name: string): Yaml {
  return parse(readInfra(name));
}

/** Every document of a file. @throws the first mistake in it. */
export function readYamls(name: string): Yaml[] {
  return parseAllDocuments(readInfra(name)).map((document) => {
    if ('errors' in document && document.errors[0]) throw document.errors[0];
    return document.toJS();
  });
}

/** The instructions of a Dockerfile, without comments. */
export function readDockerfile(name = 'Dockerfile'): Instruction[] {
  const lines = readInfra(name)
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join('\n').replace(/\\\n/g, ' ');
  return joined.split('\n').map((line) => {
    const [, instruction = '', text = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return { name: instruction, text: text.trim() };
  });
}

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Instruction,
  readDockerfile,
  readInfra,
  readYaml,
  readYamls,
  type Yaml,
} from '../../support/infra-files.ts';

const dockerfile = readDockerfile();
const all = (name: string): Instruction[] => dockerfile.filter((instruction) => instruction.name === name);
const text = (name: string): string =>
  all(name)
    .map((instruction) => instruction.text)
    .join('\n');
const compose: Yaml = readYaml('compose.yaml').services.ollama;
const build: Yaml = readYaml('cloudbuild.yaml');

/** What an `ENV` instruction sets. */
const environment = Object.fromEntries(
  [...text('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
);
const port = (environment.OLLAMA_HOST as string).split(':')[1];

/** A version or a digest, and never a tag that moves by itself. */
const PINNED = /^docker\.io\/ollama\/ollama:(\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?)$/;

describe('the image of the private Ollama', () => {
  it('is made from a pinned release, which can be replaced by a digest', () => {
    expect(dockerfile[0]).toMatchObject({ name: 'ARG', text: expect.stringMatching(/^OLLAMA_IMAGE=/) });
    expect(dockerfile[0]?.text.split('=')[1]).toMatch(PINNED);
    expect(all('FROM')).toEqual([{ name: 'FROM', text: '$' + '{OLLAMA_IMAGE}' }]);
  });

  it('is the same release everywhere', () => {
    const kubernetes = readYamls('kubernetes.yaml').find(({ kind }) => kind === 'Deployment').spec.template.spec;
    const releases = [
      dockerfile[0]?.text.split('=')[1],
      /:-([^}]+)\}/.exec(compose.build.args.OLLAMA_IMAGE)?.[1],
      build.substitutions._OLLAMA_IMAGE,
      ...[...kubernetes.initContainers, ...kubernetes.containers].map(({ image }: Yaml) => image),
    ];
    expect(releases).toHaveLength(5);
    expect(new Set(releases).size).toBe(1);
    expect(releases[0]).toMatch(PINNED);
  });

  it('holds models that were pulled by the user who serves them, who is not root', () => {
    const user = all('USER');
    expect(user).toHaveLength(1);
    const [id, group] = (user[0]?.text ?? '').split(':').map(Number);
    expect(id).toBeGreaterThan(999);
    const place = (name: string): number =>
      dockerfile.findIndex((one) => one.name === 'RUN' && one.text.includes(name));
    expect(place('install -d')).toBeLessThan(dockerfile.indexOf(user[0] as Instruction));
    expect(place('ollama pull')).toBeGreaterThan(dockerfile.indexOf(user[0] as Instruction));
    expect(dockerfile[place('install -d')]?.text).toBe(`install -d -o ${id} -g ${group} "$HOME" "$OLLAMA_MODELS"`);
    expect(compose.user).toBe(user[0]?.text);
  });

  it('listens where Cloud Run asks, and serves', () => {
    expect(environment.OLLAMA_HOST).toBe('0.0.0.0:8080');
    expect(text('EXPOSE')).toBe(port);
    expect([text('ENTRYPOINT'), text('CMD')]).toEqual(['["/bin/ollama"]', '["serve"]']);
  });

  it('needs no curl, fetches nothing by address, and holds no secret', () => {
    expect(all('HEALTHCHECK')).toEqual([]);
    expect(dockerfile.map(({ text: code }) => code).join('\n')).not.toMatch(/\b(curl|wget|apt-get|chmod 777|sudo)\b/);
    expect([...all('ADD'), ...all('COPY')]).toEqual([]);
    expect([...all('ARG'), ...all('ENV')].map(({ text: code }) => code).join('\n')).not.toMatch(
      /key|token|secret|password/i,
    );
  });
});

describe('compose.yaml', () => {
  it('builds that image with arguments that it has', () => {
    const declared = all('ARG').map(({ text: code }) => code.split('=')[0]);
    expect(Object.keys(compose.build.args).sort()).toEqual(declared.sort());
  });

  it('is for this machine alone', () => {
    expect(compose.ports).toEqual([`127.0.0.1:11434:${port}`]);
  });

  it('asks by what is in the image whether the server is well', () => {
    expect(compose.healthcheck.test).toEqual(['CMD', 'ollama', 'list']);
  });

  it('gives the server nothing that it does not need', () => {
    expect(compose).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(compose).not.toHaveProperty('privileged');
    expect(compose.tmpfs.map((mount: string) => mount.split(':')[0])).toContain(environment.HOME);
  });
});

describe('cloudbuild.yaml', () => {
  it('builds that image and leaves it with its provenance', () => {
    expect(build.steps[0].args).toEqual(expect.arrayContaining(['build', '--pull', '.']));
    expect(build.images).toHaveLength(1);
    expect(build.options).toMatchObject({ requestedVerifyOption: 'VERIFIED', logging: 'CLOUD_LOGGING_ONLY' });
    const passed = build.steps[0].args.flatMap((arg: string) => /^--build-arg=(\w+)=/.exec(arg)?.[1] ?? []);
    expect(passed.sort()).toEqual(
      all('ARG')
        .map(({ text: code }) => code.split('=')[0])
        .sort(),
    );
  });

  it('gives every substitution that it uses a value, and uses every one', () => {
    const body = readInfra('cloudbuild.yaml')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n');
    const used = new Set([...body.matchAll(/(?<!\$)\$\{?(_[A-Z_]+)\}?/g)].map(([, name]) => name as string));
    expect([...used].sort()).toEqual(Object.keys(build.substitutions).sort());
  });
});

describe('the commands', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ollama-image-'));
    mkdirSync(join(folder, 'bin'));
    // A server that is there at the third question and leaves its key behind; a model named `missing` does not exist.
    const ollama = `#!/bin/bash
echo "$@" >> ${folder}/calls
case "$1" in
  serve) mkdir -p "$HOME/.ollama"; touch "$HOME/.ollama/id_ed25519"; exec tail -f /dev/null ;;
  list) [ "$(grep -c '^list' ${folder}/calls)" -ge 3 ] && [ -z "$DOWN" ] ;;
  show) [ "$2" = present ] ;;
  pull) [ "$2" != missing ] ;;
esac
`;
    for (const [name, code] of [
      ['ollama', ollama],
      ['sleep', '#!/bin/bash\n'],
    ] as const) {
      writeFileSync(join(folder, 'bin', name), code);
      chmodSync(join(folder, 'bin', name), 0o755);
    }
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function run(script: string, { shell = '/bin/sh', ...variables }: Record<string, string>) {
    const { status, stderr } = spawnSync(shell, ['-c', `${shell === '/bin/sh' ? '' : 'set -eu;'} ${script}`], {
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder, ...variables },
      encoding: 'utf8',
      timeout: 20_000,
    });
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    return { status, stderr, pulled: calls.filter((call) => call.startsWith('pull')), calls };
  }

  const pull = all('RUN').find(({ text: code }) => code.includes('ollama pull'))?.text as string;
  // A failed build ends with its container; here somebody has to end the server.
  const ended = (script: string): string => `trap 'kill $server 2>/dev/null || :' EXIT; ${script}`;

  it('of the image wait for the server, pull each model, and leave no key behind', () => {
    const { status, pulled, calls } = run(ended(pull), { MODELS: 'phi3.5 llama3.1:8b' });
    expect([status, pulled]).toEqual([0, ['pull phi3.5', 'pull llama3.1:8b']]);
    expect(calls.filter((call) => call === 'list')).toHaveLength(3);
    expect(existsSync(join(folder, '.ollama'))).toBe(false);
  });

  it('of the image fail for a model that does not exist, and for a server that does not start', () => {
    expect(run(ended(pull), { MODELS: 'missing other' })).toMatchObject({ status: 1, pulled: ['pull missing'] });
    expect(run(ended(pull), { MODELS: 'a', DOWN: '1' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('did not start'),
    });
  });

  it('of the cluster pull what the volume does not hold yet', () => {
    const { initContainers } = readYamls('kubernetes.yaml').find(({ kind }) => kind === 'Deployment').spec.template
      .spec;
    const [{ command, args }] = initContainers;
    expect(command).toEqual(['/bin/bash', '-euc']);
    const { status, pulled } = run(ended(args[0]), { shell: '/bin/bash', MODELS: 'present absent' });
    expect([status, pulled]).toEqual([0, ['pull absent']]);
    expect(run(ended(args[0]), { shell: '/bin/bash', MODELS: 'missing' }).status).toBe(1);
  });

  it('of the build are ones that a shell can read', () => {
    for (const step of build.steps.filter(({ entrypoint }: Yaml) => entrypoint === 'bash')) {
      const { status } = spawnSync('bash', ['-n'], { input: step.args[1].replaceAll('$$', '$') });
      expect(status).toBe(0);
    }
  });
});

import { checkEndpoint, fromOllamaHost, isSingleLabel } from '../endpoint.ts';
import type { Environment } from '../environment.ts';
import type { TargetAuth } from '../names.ts';
import type { Problems } from '../problems.ts';

/** What every block's conversion needs to know. */
export interface NormalizeContext {
  readonly environment: Environment;
  readonly production: boolean;
  readonly cloudRun: boolean;
  readonly project: string | undefined;
  readonly problems: Problems;
  /** Names of the variables that are missing at a path, when its value stands for missing ones. */
  readonly missingAt: (path: string) => readonly string[] | undefined;
}

/** A written endpoint in its normal form; undefined, with the problem recorded, when it cannot be used. */
export function toEndpoint(text: string | undefined, path: string, context: NormalizeContext): string | undefined {
  if (text === undefined) return undefined;
  const check = checkEndpoint(text, context);
  if ('url' in check) return check.url;
  context.problems.add(path, check.fault);
  return undefined;
}

/**
 * Where Ollama is: the written address, else `OLLAMA_HOST`, else this machine in development. It is a bare origin.
 */
export function toOllamaEndpoint(
  text: string | undefined,
  path: string,
  context: NormalizeContext,
): string | undefined {
  const { environment, production, problems } = context;
  const host = environment.OLLAMA_HOST;
  const fromEnvironment = text === undefined && host !== undefined && host !== '';
  if (text === undefined && !fromEnvironment && production) {
    problems.add(path, 'is required in production: give the https address of the Ollama service, or set OLLAMA_HOST');
    return undefined;
  }
  const address = fromEnvironment ? fromOllamaHost(host) : (text ?? 'http://localhost:11434');
  const place = fromEnvironment ? 'OLLAMA_HOST' : path;
  const endpoint = toEndpoint(address, place, context);
  if (endpoint !== undefined && new URL(endpoint).pathname !== '/') {
    problems.add(place, 'must be the bare origin of Ollama, without a path');
    return undefined;
  }
  return endpoint;
}

/** An ID token takes the place of a key, so only one of them can be meant. False when a problem was recorded. */
export function checkTargetAuth(
  { auth, api_key }: { readonly auth?: TargetAuth | undefined; readonly api_key?: readonly string[] | undefined },
  path: string,
  { problems }: NormalizeContext,
): boolean {
  if (auth !== 'id_token' || api_key === undefined) return true;
  problems.add(path, 'id_token cannot stand beside api_key; keep one of them');
  return false;
}

/** Docker's own address pool: in development a container's name resolves into it. */
const DOCKER_POOL = '172.16.0.0/12';

/** The written private networks, or those a container name needs in development. */
export function toAllowedCidrs(
  written: readonly string[] | undefined,
  endpoint: string | undefined,
  { production }: NormalizeContext,
): readonly string[] {
  if (written !== undefined) return written;
  return !production && endpoint !== undefined && isSingleLabel(new URL(endpoint).hostname) ? [DOCKER_POOL] : [];
}

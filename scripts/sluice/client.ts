import { readFile } from 'node:fs/promises';
import type { Environment } from '../../shared/config/environment.ts';
import type { FunctionName } from '../../shared/config/names.ts';
import { createAuthorize, type Urls, urlsFromBase, urlsFromOutputs } from '../smoke.ts';
import { CommandError, UsageError } from './command.ts';
import { plain } from './terminal.ts';

const LOCAL_URL = 'http://127.0.0.1:8080';
/** Google's own names, behind which its sign-in stands. */
const GOOGLE_HOST = /\.(?:run\.app|cloudfunctions\.net)$/;

export interface ClientOptions {
  readonly url?: string | undefined;
  readonly outputs?: string | undefined;
  readonly key?: string | undefined;
  readonly environment: Environment;
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

export interface Client {
  /** Where each function is. */
  readonly urls: Urls;
  /** The Authorization header for an address, undefined where none is needed. */
  authorize(url: string): Promise<string | undefined>;
  /** An answer with a good status. @throws CommandError for any other, with what to do about it. */
  open(name: FunctionName, call: Call): Promise<Response>;
  /** The same, read as JSON. */
  json<Body>(name: FunctionName, call: Call): Promise<Body>;
}

/** A running Sluice, wherever it is. @throws UsageError for an address that is none. */
export async function createClient({ url, outputs, key, environment }: ClientOptions): Promise<Client> {
  if (url !== undefined && outputs !== undefined) throw new UsageError('Give --url or --outputs, not both.');
  const urls = outputs === undefined ? urlsFromBase(toBase(url ?? environment.SLUICE_URL)) : await readOutputs(outputs);
  const signIn = createAuthorize({ ...environment, ...(key === undefined ? {} : { SLUICE_API_KEY: key }) });
  const hasKey = Boolean(key || environment.SLUICE_API_KEY || environment.SLUICE_ID_TOKEN);

  const authorize = async (address: string): Promise<string | undefined> => {
    if (!hasKey && !GOOGLE_HOST.test(new URL(address).hostname)) return undefined;
    return await signIn(address).catch((error: unknown) => {
      throw new CommandError(error instanceof Error ? error.message : 'There is no identity to call with.');
    });
  };

  const open: Client['open'] = async (name, { method = 'POST', path, body, signal }) => {
    const base = urls[name];
    const authorization = await authorize(base);
    const response = await fetch(`${base}${path}`, {
      method,
      redirect: 'error',
      signal,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : new CommandError(explainNetwork(base, error));
    });
    if (response.ok) return response;
    throw new CommandError(explainStatus(response.status, await response.text().catch(() => ''), base));
  };

  return {
    urls,
    authorize,
    open,
    json: async <Body>(name: FunctionName, call: Call) => {
      const response = await open(name, call);
      return (await response.json().catch(() => {
        throw new CommandError(`What answers at ${urls[name]} is not Sluice. Check the URL.`);
      })) as Body;
    },
  };
}

function toBase(text: string | undefined): string {
  const given = text || LOCAL_URL;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new UsageError(`${given} is not an address. Write it as ${LOCAL_URL}.`);
  }
  // People copy the base URL of their OpenAI client.
  return given.replace(/\/+$/, '').replace(/\/v1$/, '');
}

async function readOutputs(file: string): Promise<Urls> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read. Write it with terraform -chdir=infra output -json > ${file}`);
  });
  try {
    return urlsFromOutputs(text);
  } catch {
    throw new UsageError(`${file} is not what \`terraform output -json\` writes. Apply first.`);
  }
}

function explainNetwork(url: string, error: unknown): string {
  const { hostname } = new URL(url);
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? cause?.message ?? 'no answer';
  const cure = /^(?:localhost|127\.|\[::1\])/.test(hostname)
    ? 'Start it with npm start, or name another address with --url or SLUICE_URL.'
    : 'Check the address, and that it is deployed.';
  return `Nothing answers at ${url} (${code}). ${cure}`;
}

const CURES: Readonly<Record<number, string>> = {
  401: 'Give a key with SLUICE_API_KEY or --key; for Cloud Run sign in with gcloud auth login.',
  403: 'The key or account may not do that: ask whoever runs the service, or see `invokers` in its tfvars.',
  413: 'Send less at once.',
  429: 'Wait a moment, or ask for higher limits.',
  503: 'See what each provider said with sluice doctor, or in the log.',
};

/** What was refused, why, and what helps. */
function explainStatus(status: number, body: string, url: string): string {
  const { message, attempts } = readError(body);
  const cure =
    status === 404 && message === undefined
      ? `Is ${url} the address of Sluice, without a path?`
      : (CURES[status] ?? (status >= 500 ? 'The log of the service says why.' : ''));
  const legs = attempts.map(({ provider, model, code }) => `\n  ${provider}/${model}: ${code ?? 'answered'}`);
  return plain(`${message ?? `The service answered ${status}.`} ${cure}`.trim() + legs.join(''));
}

interface Attempt {
  readonly provider: string;
  readonly model: string;
  readonly code?: string;
}

function readError(body: string): { readonly message: string | undefined; readonly attempts: readonly Attempt[] } {
  try {
    const { error, sluice } = JSON.parse(body) as {
      error?: { message?: string };
      sluice?: { attempts?: readonly Attempt[] };
    };
    return { message: error?.message, attempts: sluice?.attempts ?? [] };
  } catch {
    return { message: undefined, attempts: [] };
  }
}

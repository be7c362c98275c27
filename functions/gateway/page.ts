import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { AppError } from '../../shared/contracts/app-error.ts';
import type { Answer, Handler, RequestContext } from '../../shared/http/http-function.ts';
import type { Route } from '../../shared/http/router.ts';

/** Where the build puts the page: beside the bundle. */
const DIRECTORY = join(import.meta.dirname, 'page');
const START = 'index.html';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** The page loads itself and talks to this service, and to nobody else; nothing may frame it or run inline. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const ENCODERS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
} as const;
type Encoding = keyof typeof ENCODERS;

/**
 * The page for people, at `/` and `/playground/FILE`. Nothing is read before the first request for it; then each file is
 * read and compressed once and served from memory.
 *
 * @param otherwise answers `/` where somebody wants JSON, and where the page was not built.
 */
export function pageRoutes({
  otherwise,
  directory = DIRECTORY,
}: {
  readonly otherwise: Handler;
  readonly directory?: string;
}): readonly Route<Handler>[] {
  const files = createFiles(directory);
  return [
    {
      method: 'GET',
      path: '/',
      handler: async (context) => {
        const wantsJson = /\bjson\b/.test(context.header('accept') ?? '') && !acceptsHtml(context);
        if (wantsJson || !(await files.has(START))) return await otherwise(context);
        return await answer(files, START, context, 'no-cache');
      },
    },
    {
      method: 'GET',
      path: '/playground/:file',
      handler: async (context) => {
        const name = context.params.file ?? '';
        if (name === START || !(await files.has(name))) throw new AppError('not_found', 'The page has no such file.');
        // Names carry a hash of their content.
        return await answer(files, name, context, 'public, max-age=31536000, immutable');
      },
    },
  ];
}

function acceptsHtml(context: RequestContext): boolean {
  return (context.header('accept') ?? '').includes('text/html');
}

async function answer(files: Files, name: string, context: RequestContext, cacheControl: string): Promise<Answer> {
  const encoding = chooseEncoding(context.header('accept-encoding') ?? '');
  return {
    bytes: await files.read(name, encoding),
    contentType: CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
    headers: {
      ...SECURITY_HEADERS,
      'cache-control': cacheControl,
      vary: 'Accept, Accept-Encoding, Origin',
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    },
  };
}

/** The better one of those the client takes; `q=0` means it does not. */
function chooseEncoding(accepted: string): Encoding | undefined {
  const names = accepted
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';', 1)[0]?.trim());
  return (['br', 'gzip'] as const).find((encoding) => names.includes(encoding));
}

interface Files {
  has(name: string): Promise<boolean>;
  read(name: string, encoding: Encoding | undefined): Promise<Uint8Array>;
}

function createFiles(directory: string): Files {
  let listed: Promise<ReadonlySet<string>> | undefined;
  const kept = new Map<string, Promise<Buffer>>();
  const keep = (key: string, make: () => Promise<Buffer>): Promise<Buffer> => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const made = make();
    kept.set(key, made);
    made.catch(() => kept.delete(key));
    return made;
  };
  const plain = (name: string): Promise<Buffer> => keep(name, () => readFile(join(directory, name)));
  return {
    async has(name) {
      // What is not listed is never opened, whatever its name leads to.
      listed ??= readdir(directory).then(
        (names) => new Set(names),
        () => new Set<string>(),
      );
      return (await listed).has(name);
    },
    read: (name, encoding) =>
      encoding === undefined
        ? plain(name)
        : keep(`${encoding} ${name}`, async () => ENCODERS[encoding](await plain(name))),
  };
}

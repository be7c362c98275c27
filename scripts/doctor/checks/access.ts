import type { ConfigurationScene } from '../configuration-scene.ts';
import { explainError } from '../explain-error.ts';
import { type Check, type Finding, fine, problem, warning } from '../finding.ts';

/** Who may call: a mode, and keys that hold. */
export const accessCheck: Check<ConfigurationScene> = {
  name: 'access',
  async run({ config: { auth, production }, secrets, backends, file }) {
    const { mode, keys } = auth;
    if (mode === 'none') {
      return production
        ? [warning('auth.mode', 'none: everybody who reaches the service may use it', 'auth-none', { FILE: file })]
        : [fine('auth.mode', 'none, which is meant for this machine alone')];
    }
    if (mode === 'iam') return [fine('auth.mode', 'iam: Cloud Run checks who calls')];
    const now = Date.now();
    const holding = keys.filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > now);
    const stored = auth.keysCollection === undefined ? [] : [await lookAtStore(auth.keysCollection)];
    if (holding.length === 0 && stored.length === 0) {
      return [problem('auth.keys', 'no key is left that has not expired', 'auth-keys', { FILE: file })];
    }
    const written = await Promise.all(
      holding.map(async ({ name, credential }) => {
        if (!('secret' in credential)) return fine(`key ${name}`, 'known by its hash');
        return await secrets.get(credential.secret).then(
          () => fine(`key ${name}`, `read from the secret ${credential.secret}`),
          (error: unknown) => explainError(`key ${name}`, error, { FILE: file, SECRET: credential.secret }),
        );
      }),
    );
    return [...written, ...stored];

    async function lookAtStore(collection: string): Promise<Finding> {
      const subject = `keys in Firestore, collection ${collection}`;
      try {
        const records = await (await backends.keyStore.get()).list();
        const usable = records.filter(
          ({ revokedAtMs, expiresAtMs = Number.POSITIVE_INFINITY }) => revokedAtMs === undefined && expiresAtMs > now,
        );
        if (usable.length > 0) return fine(subject, `${usable.length} that hold`);
        const detail = records.length === 0 ? 'there is none yet' : 'none that holds: all are revoked or have expired';
        return holding.length > 0 ? fine(subject, detail) : problem(subject, detail, 'auth-keys', { FILE: file });
      } catch (error) {
        return explainError(subject, error, { FILE: file }, { network: 'store', timeout: 'store' });
      }
    }
  },
};

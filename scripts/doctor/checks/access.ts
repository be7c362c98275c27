import type { ConfigurationScene } from '../configuration-scene.ts';
import { explainError } from '../explain-error.ts';
import { type Check, fine, problem, warning } from '../finding.ts';

/** Who may call: a mode, and keys that hold. */
export const accessCheck: Check<ConfigurationScene> = {
  name: 'access',
  async run({ config: { auth, production }, secrets, file }) {
    const { mode, keys } = auth;
    if (mode === 'none') {
      return production
        ? [warning('auth.mode', 'none: everybody who reaches the service may use it', 'auth-none', { FILE: file })]
        : [fine('auth.mode', 'none, which is meant for this machine alone')];
    }
    if (mode === 'iam') return [fine('auth.mode', 'iam: Cloud Run checks who calls')];
    const now = Date.now();
    const holding = keys.filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > now);
    if (holding.length === 0) {
      return [problem('auth.keys', 'no key is left that has not expired', 'auth-keys', { FILE: file })];
    }
    return await Promise.all(
      holding.map(async ({ name, credential }) => {
        if (!('secret' in credential)) return fine(`key ${name}`, 'known by its hash');
        return await secrets.get(credential.secret).then(
          () => fine(`key ${name}`, `read from the secret ${credential.secret}`),
          (error: unknown) => explainError(`key ${name}`, error, { FILE: file, SECRET: credential.secret }),
        );
      }),
    );
  },
};

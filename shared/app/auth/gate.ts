import type { FunctionName } from '../../config/names.ts';
import type { SluiceConfig } from '../../config/types.ts';
import { toAppError } from '../../contracts/app-error.ts';
import type { CallerRequest } from '../../http/caller-request.ts';
import type { ApiKeyCheck } from '../../security/api-keys.ts';
import type { IdentityCheck } from '../../security/identity.ts';
import { assertFunctionAllowed, type Caller } from '../caller.ts';
import type { Admission } from './admission.ts';
import { type GrantedCaller, toCaller } from './granted-caller.ts';
import { toGrant } from './identity-caller.ts';

export interface Gate {
  /**
   * Who is calling, asked and counted once for a request, before its body is read.
   * @throws AppError `authentication`, `permission`, `rate_limit` for one that comes too often; `server_error` or
   * `network`, to be tried again, while credentials cannot be checked.
   */
  admit(request: CallerRequest): Promise<Caller>;
  /** The same for a function, which the caller must be allowed to use; undefined for what belongs to none. */
  authenticate(request: CallerRequest, name?: FunctionName): Promise<Caller>;
}

export interface GateOptions {
  readonly mode: SluiceConfig['auth']['mode'];
  readonly iam: SluiceConfig['auth']['iam'];
  readonly checkKey: ApiKeyCheck;
  readonly checkIdentity: IdentityCheck;
  readonly admission: Admission;
}

const ANYBODY: Caller = { tenant: null };

export function createGate({ mode, iam, checkKey, checkIdentity, admission }: GateOptions): Gate {
  const admitted = new WeakMap<object, Promise<Caller>>();

  /** The credential of a request. Presenting one that is not accepted costs its sender. */
  const identify = async (request: CallerRequest): Promise<GrantedCaller> => {
    let paid = false;
    const pay = (): void => {
      admission.admitGuess(request);
      paid = true;
    };
    try {
      const found =
        mode === 'iam'
          ? toGrant(await checkIdentity(request.header), iam ?? { identities: [], iapAudiences: [] })
          : await checkKey(request.header('authorization'), request.header('x-api-key'), pay);
      if (paid) admission.forgiveGuess(request);
      return found;
    } catch (error) {
      if (!paid && toAppError(error).code === 'authentication') pay();
      throw error;
    }
  };

  const admitNew = async (request: CallerRequest): Promise<Caller> => {
    if (mode === 'none') {
      admission.admitAddress(request);
      return ANYBODY;
    }
    const granted = await identify(request);
    try {
      admission.admitKey(granted);
    } finally {
      for (const [name, value] of Object.entries(admission.limitHeaders(granted))) request.setHeader(name, value);
    }
    return toCaller(granted);
  };

  const admit: Gate['admit'] = (request) => {
    let caller = admitted.get(request.request);
    if (!caller) {
      caller = admitNew(request);
      admitted.set(request.request, caller);
    }
    return caller;
  };

  return {
    admit,
    async authenticate(request, name) {
      const caller = await admit(request);
      if (name !== undefined) assertFunctionAllowed(caller, name);
      return caller;
    },
  };
}

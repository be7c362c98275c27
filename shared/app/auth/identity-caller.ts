import type { IamConfig, IdentityConfig } from '../../config/auth-types.ts';
import { AppError } from '../../contracts/app-error.ts';
import type { Identity } from '../../security/identity.ts';
import type { GrantedCaller } from './granted-caller.ts';

/**
 * What an identity may do here.
 * @throws AppError `permission` for one that nobody admitted and that the configuration does not name.
 */
export function toGrant(identity: Identity, { identities, tenantFrom }: IamConfig): GrantedCaller {
  const grant = identities.find((candidate) => isAbout(candidate, identity));
  if (!identity.admitted && !grant) {
    throw new AppError(
      'permission',
      'Outside Cloud Run nobody has checked that this account may call: name it under auth.identities, or use another auth.mode.',
    );
  }
  const { identity: _pattern, tenant = tenantOf(identity, tenantFrom), ...rest } = grant ?? { identity: '' };
  return { name: identity.name, ...(tenant === undefined ? {} : { tenant }), ...rest };
}

function isAbout({ identity: pattern }: IdentityConfig, { name, subject, email }: Identity): boolean {
  if (pattern.startsWith('*@')) return email?.endsWith(pattern.slice(1)) === true;
  return pattern === name || pattern === subject;
}

/** Somebody without an organisation is a tenant alone, and not one with everybody else at the same mail provider. */
function tenantOf({ name, domain }: Identity, from: IamConfig['tenantFrom']): string | undefined {
  if (from === undefined) return undefined;
  return from === 'domain' ? (domain ?? name) : name;
}

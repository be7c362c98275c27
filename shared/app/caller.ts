import { AppError } from '../contracts/app-error.ts';
import type { BudgetScope } from '../usage/budget.ts';

/** Who makes a request, as the credential says. */
export interface Caller {
  /** Null: the credential belongs to no tenant. */
  readonly tenant: string | null;
  /** Name of the API key, or the e-mail address of the identity, for limits, the ledger and the log. */
  readonly key?: string;
  /** Agents and models the credential may use; undefined: all. */
  readonly models?: readonly string[];
  /** USD per UTC day the credential may spend; undefined: no limit of its own. */
  readonly dailyBudgetUsd?: number;
  readonly tokensPerMinute?: number;
  /** Functions the credential may use; undefined: all. */
  readonly functions?: readonly string[];
}

/**
 * The tenant a request works for. A credential's tenant always holds; only a credential without one may name it.
 * @throws AppError `permission` when the request names another tenant than its credential's.
 */
export function tenantOf(caller: Caller, requested: string | undefined): string | null {
  if (caller.tenant === null) return requested ?? null;
  if (requested !== undefined && requested !== caller.tenant) {
    throw new AppError('permission', 'This caller belongs to another tenant.', { param: 'sluice.tenant' });
  }
  return caller.tenant;
}

/** Whether the credential belongs to whoever runs the service, rather than to a tenant or for one use. */
export function seesEverything({ tenant, models, functions }: Caller): boolean {
  return tenant === null && models === undefined && functions === undefined;
}

/** Whose own budget a request is checked against. */
export function budgetScopeOf({ key, dailyBudgetUsd, tokensPerMinute }: Caller): BudgetScope {
  if (key === undefined) return {};
  return {
    key: {
      name: key,
      ...(dailyBudgetUsd === undefined ? {} : { dailyBudgetUsd }),
      ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    },
  };
}

/** @throws AppError `permission` when the credential is limited to other models. */
export function assertModelAllowed({ models }: Caller, model: string): void {
  if (models && !models.includes(model)) {
    throw new AppError('permission', `This caller may not use this model. It may use ${models.join(', ')}.`, {
      param: 'model',
    });
  }
}

/** @throws AppError `permission` when the credential is limited to other functions. */
export function assertFunctionAllowed(caller: Caller, name: string, param?: string): void {
  if (caller.functions && !caller.functions.includes(name)) {
    throw new AppError('permission', `This caller may not use ${name}. It may use ${caller.functions.join(', ')}.`, {
      ...(param === undefined ? {} : { param }),
    });
  }
}

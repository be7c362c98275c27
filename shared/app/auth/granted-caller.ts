import type { GrantConfig } from '../../config/auth-types.ts';
import type { Caller } from '../caller.ts';

/** A credential that was accepted, by its name, with what it may do. */
export interface GrantedCaller extends GrantConfig {
  readonly name: string;
}

export function toCaller({ name, tenant, models, functions, tokensPerMinute, dailyBudgetUsd }: GrantedCaller): Caller {
  return {
    tenant: tenant ?? null,
    key: name,
    ...(models === undefined ? {} : { models }),
    ...(functions === undefined ? {} : { functions }),
    ...(dailyBudgetUsd === undefined ? {} : { dailyBudgetUsd }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
  };
}

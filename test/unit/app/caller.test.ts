import { describe, expect, it } from 'vitest';
import { assertModelAllowed, tenantOf } from '../../../shared/app/caller.ts';

describe('the tenant of a request', () => {
  it('is the credential’s, whether the request names it or not', () => {
    expect(tenantOf({ tenant: 't1' }, undefined)).toBe('t1');
    expect(tenantOf({ tenant: 't1' }, 't1')).toBe('t1');
  });

  it('is never another one than the credential’s', () => {
    for (const other of ['t2', 'T1', '', 't1 ']) {
      expect(() => tenantOf({ tenant: 't1' }, other)).toThrowError(
        expect.objectContaining({ code: 'permission', param: 'sluice.tenant' }),
      );
    }
  });

  it('is the request’s when the credential belongs to nobody', () => {
    expect(tenantOf({ tenant: null }, 't2')).toBe('t2');
    expect(tenantOf({ tenant: null }, undefined)).toBeNull();
  });
});

describe('the models of a credential', () => {
  it('are all of them unless it is limited', () => {
    expect(() => assertModelAllowed({ tenant: null }, 'anything')).not.toThrow();
  });

  it('are those it lists, by their exact names', () => {
    const caller = { tenant: null, models: ['default', 'openai/gpt-4o'] };
    expect(() => assertModelAllowed(caller, 'openai/gpt-4o')).not.toThrow();
    for (const model of ['gpt-4o', 'openai/gpt-4o-mini', 'DEFAULT', '']) {
      expect(() => assertModelAllowed(caller, model)).toThrowError(
        expect.objectContaining({ code: 'permission', param: 'model', message: expect.stringContaining('default') }),
      );
    }
  });

  it('can be none', () => {
    expect(() => assertModelAllowed({ tenant: null, models: [] }, 'default')).toThrowError(/may not use/);
  });
});

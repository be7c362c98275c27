import { describe, expect, it } from 'vitest';
import { createUrlGuard, toGuardTarget } from '../../../shared/security/url-guard.ts';

const guard = createUrlGuard({ production: true });
const target = (endpoint: string) => toGuardTarget({ name: 'x', endpoint, allowedCidrs: [], development: false });

describe('the addresses of Private Google Access', () => {
  it.each(['199.36.153.4', '199.36.153.8', '199.36.153.11', '2600:2d00:2:2000::1'])(
    '%s is for configured Google hosts alone',
    (address) => {
      const run = target('https://ollama-abc123-uc.a.run.app');
      const vertex = target('https://us-central1-aiplatform.googleapis.com');
      expect(guard.judgeAddresses([address], run)).toEqual({ allowed: true });
      expect(guard.judgeAddresses([address], vertex)).toEqual({ allowed: true });
      expect(guard.judgeAddresses([address], target('https://api.openai.com'))).toMatchObject({ allowed: false });
      expect(guard.judgeAddresses([address], target('https://run.app.evil.example'))).toMatchObject({ allowed: false });
    },
  );

  it('are never reached for a URL that a caller gave', () => {
    expect(guard.judgePublicAddresses(['199.36.153.8'])).toMatchObject({ allowed: false });
    expect(guard.judgePublicAddresses(['34.143.76.2', '199.36.153.8'])).toMatchObject({ allowed: false });
    expect(guard.judgePublicAddresses(['34.143.76.2'])).toEqual({ allowed: true });
  });
});

import { describe, expect, it, vi } from 'vitest';
import {
  forwardedHops,
  isCloudRun,
  isProduction,
  logLevel,
  projectId,
  readEnvironment,
} from '../../../shared/config/environment.ts';

describe('readEnvironment', () => {
  it('gives a frozen copy that later changes do not reach', () => {
    vi.stubEnv('SLUICE_TEST_VARIABLE', 'before');
    const environment = readEnvironment();
    vi.stubEnv('SLUICE_TEST_VARIABLE', 'after');
    expect(environment.SLUICE_TEST_VARIABLE).toBe('before');
    expect(Object.isFrozen(environment)).toBe(true);
  });
});

describe('the kind of deployment', () => {
  it('is production on Cloud Run and with NODE_ENV=production, and Cloud Run only with K_SERVICE', () => {
    expect([isCloudRun({ K_SERVICE: 'chat' }), isProduction({ K_SERVICE: 'chat' })]).toEqual([true, true]);
    expect([isCloudRun({ NODE_ENV: 'production' }), isProduction({ NODE_ENV: 'production' })]).toEqual([false, true]);
    expect([isCloudRun({ K_SERVICE: '' }), isProduction({ NODE_ENV: 'test' })]).toEqual([false, false]);
  });
});

describe('projectId', () => {
  it("prefers the platform's own variable and skips empty ones", () => {
    expect(projectId({ GCLOUD_PROJECT: 'c', GCP_PROJECT_ID: 'b', GOOGLE_CLOUD_PROJECT: 'a' })).toBe('a');
    expect(projectId({ GCLOUD_PROJECT: 'c', GCP_PROJECT_ID: 'b', GOOGLE_CLOUD_PROJECT: '' })).toBe('b');
    expect(projectId({ GCLOUD_PROJECT: 'c' })).toBe('c');
    expect(projectId({})).toBeUndefined();
  });
});

describe('the proxies before the service', () => {
  it('are as many as the deployment says, and unknown where it does not', () => {
    expect(['0', '1', '10'].map((text) => forwardedHops({ SLUICE_FORWARDED_HOPS: text }))).toEqual([0, 1, 10]);
    expect([forwardedHops({}), forwardedHops({ SLUICE_FORWARDED_HOPS: '' })]).toEqual([undefined, undefined]);
  });

  it.each(['-1', '11', '1.5', 'one', ' 1'])('are refused as %j', (text) => {
    expect(() => forwardedHops({ SLUICE_FORWARDED_HOPS: text })).toThrow('from 0 to 10');
  });
});

describe('the log level', () => {
  it('is INFO unless another one is written, in either case', () => {
    expect(logLevel({})).toBe('INFO');
    expect(logLevel({ SLUICE_LOG_LEVEL: '' })).toBe('INFO');
    expect(logLevel({ SLUICE_LOG_LEVEL: 'warning' })).toBe('WARNING');
  });

  it('is refused when it is none, naming those there are', () => {
    expect(() => logLevel({ SLUICE_LOG_LEVEL: 'quiet' })).toThrow('DEBUG, INFO, WARNING, ERROR');
  });
});

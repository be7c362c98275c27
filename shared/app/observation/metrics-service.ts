import type { SluiceConfig } from '../../config/types.ts';
import { AppError } from '../../contracts/app-error.ts';
import { isSameSecret } from '../../security/same-secret.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { toPrometheusText } from '../../telemetry/prometheus-text.ts';
import { type Caller, seesEverything } from '../caller.ts';
import type { Credentials } from '../credentials.ts';

export interface MetricsService {
  /**
   * Everything counted by this instance, in Prometheus' text format.
   * @throws AppError `not_found` when switched off, `authentication` without the token or a key, `permission` for a key
   * that is limited to a tenant, to models or to functions: the sums are of everybody.
   */
  read(request: {
    readonly authorization: string | undefined;
    readonly authenticate: () => Promise<Caller>;
  }): Promise<string>;
}

export interface MetricsServiceOptions {
  readonly config: Pick<SluiceConfig, 'auth' | 'observability'>;
  readonly metrics: Pick<Metrics, 'families'>;
  readonly credentials: Pick<Credentials, 'resolve'>;
}

export function createMetricsService({ config, metrics, credentials }: MetricsServiceOptions): MetricsService {
  const { enabled, token } = config.observability.metrics;

  const hasToken = async (authorization: string | undefined): Promise<boolean> => {
    const presented = /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
    return token !== undefined && presented !== undefined && isSameSecret(presented, await credentials.resolve(token));
  };

  return {
    async read({ authorization, authenticate }) {
      if (!enabled) throw new AppError('not_found', 'Metrics are switched off.');
      if (!(await hasToken(authorization))) {
        const caller = await authenticate();
        if (token !== undefined && config.auth.mode !== 'api_key') {
          throw new AppError('authentication', 'Send the token of the metrics: `Authorization: Bearer TOKEN`.');
        }
        if (!seesEverything(caller)) {
          throw new AppError(
            'permission',
            'Metrics are sums of everybody: they take a key without tenant, models and functions, or the token of ' +
              '`observability.metrics.token`.',
          );
        }
      }
      return toPrometheusText(metrics.families());
    },
  };
}

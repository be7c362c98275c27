import { type Environment, isCloudRun, isProduction, projectId, readEnvironment } from '../../config/environment.ts';
import type { TargetAuth } from '../../config/names.ts';
import { type NormalizeContext, toAllowedCidrs, toOllamaEndpoint } from '../../config/normalize/context.ts';
import { createProblems, toConfigurationError } from '../../config/problems.ts';
import type { HttpFetch } from '../../contracts/http-fetch.ts';
import { createOllamaClient, type OllamaClient } from '../../providers/ollama-client.ts';
import { createIdTokenSource, type IdTokenSource, toIdTokenAudience } from '../../security/id-token.ts';
import { createLog, type Log } from '../../telemetry/log.ts';
import { createLogSink } from '../../telemetry/log-sink.ts';
import { createTelemetry } from '../../telemetry/telemetry.ts';
import { createOutgoing } from '../outgoing.ts';

export interface OllamaOptions {
  /** The bare origin. Default: `OLLAMA_HOST`, else `http://localhost:11434` in development. */
  readonly endpoint?: string;
  /** Private networks that the name may resolve into. */
  readonly allowedCidrs?: readonly string[];
  /** Whether calls carry an ID token. Default: on Cloud Run's own names they do. */
  readonly auth?: TargetAuth;
  /** How long a model stays loaded after a call: a Go duration or seconds; -1 for good. */
  readonly keepAlive?: string | number;
  /** Context window to load a model with, in tokens. */
  readonly contextLength?: number;
  /** Longest wait for an answer, in milliseconds. Default 300,000. */
  readonly timeoutMs?: number;
  readonly environment?: Environment;
  readonly log?: Log;
  readonly idTokens?: IdTokenSource;
  /** Takes the place of the guarded transport. */
  readonly fetch?: HttpFetch;
}

/** A client that lets go of its connections when it is closed. */
export interface Ollama extends OllamaClient {
  close(): Promise<void>;
}

/**
 * Ollama for programs: the same address rules, guard and ID tokens as in the service, without agents, retry or fallback.
 * @throws AppError `configuration` for an address that cannot be used, and in production for none.
 */
export function createOllama(options: OllamaOptions = {}): Ollama {
  const {
    environment = readEnvironment(),
    log = createLog(),
    auth,
    fetch,
    keepAlive,
    contextLength,
    timeoutMs,
  } = options;
  const problems = createProblems();
  const context: NormalizeContext = {
    environment,
    production: isProduction(environment),
    cloudRun: isCloudRun(environment),
    project: projectId(environment),
    problems,
    missingAt: () => undefined,
  };
  const endpoint = toOllamaEndpoint(options.endpoint, 'endpoint', context);
  if (endpoint === undefined) throw toConfigurationError('the options of createOllama', problems.lines);
  const allowedCidrs = toAllowedCidrs(options.allowedCidrs, endpoint, context);
  const outgoing = createOutgoing({
    production: context.production,
    telemetry: createTelemetry([createLogSink({ log, tracksTokens: true, tracksCost: true })]),
    fetch,
  });
  const audience = toIdTokenAudience({ provider: 'ollama', apiKeys: [], endpoint, ...(auth ? { auth } : {}) });
  const idTokens = options.idTokens ?? createIdTokenSource();
  return {
    ...createOllamaClient({
      endpoint,
      fetch: outgoing.fetchFor('ollama', { endpoint, allowedCidrs }),
      keepAlive,
      contextLength,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(audience === undefined ? {} : { credential: () => idTokens.get(audience) }),
    }),
    close: () => outgoing.close(),
  };
}

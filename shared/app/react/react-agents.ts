import type { AgentConfig, SluiceConfig, ToolConfig } from '../../config/types.ts';
import type { HttpFetch } from '../../contracts/http-fetch.ts';
import type { Retriever } from '../../rag/retrieve.ts';
import { describeError, type Log } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { EmbeddingUsage } from '../accounting/embedding-usage.ts';
import type { Caller } from '../caller.ts';
import type { Credentials } from '../credentials.ts';
import { embedsLocally } from '../embeddings/local-embeddings.ts';
import type { Lazy } from '../lazy.ts';
import { createReactLoop } from './react-loop.ts';
import type { ReactLoop, ReactTool } from './react-types.ts';
import { createHttpTool } from './tools/http-tool.ts';
import { createSearchTool, SEARCH_TOOL, type SearchScope } from './tools/search-tool.ts';

export interface ReactAgents {
  /** The loop for one request to an agent that takes turns. */
  loopFor(
    agent: AgentConfig,
    scope: {
      readonly caller: Caller;
      readonly tenant: string | null;
      readonly firstCitation: number;
      /** Citations carry the text of their passage. */
      readonly withContent?: boolean;
    },
  ): ReactLoop;
}

export interface ReactAgentsOptions {
  readonly config: SluiceConfig;
  readonly retriever: Lazy<Retriever>;
  readonly usage: EmbeddingUsage;
  /** The transport that reaches this tool's own target and no other. */
  readonly fetchFor: (tool: ToolConfig) => HttpFetch;
  readonly credentials: Pick<Credentials, 'resolve'>;
  readonly log: Log;
  readonly telemetry: Pick<Telemetry, 'toolFinished'>;
}

/** The tools that agents of role `react` are given: the built-in search, and the HTTP calls of the configuration. */
export function createReactAgents({
  config,
  retriever,
  usage,
  fetchFor,
  credentials,
  log,
  telemetry,
}: ReactAgentsOptions): ReactAgents {
  const { topK, minScore, mode, mmr } = config.retrieval;
  const searchTool = createSearchTool({
    search: async (input) => await (await retriever.get()).search(input),
    // Words alone have no similarity that a lowest score could be compared with.
    defaults: { topK, mode, mmr, ...(minScore === undefined || mode === 'lexical' ? {} : { minScore }) },
  });
  const httpTools = new Map(
    config.tools.map((tool): [string, ReactTool] => [
      tool.name,
      createHttpTool({ config: tool, fetch: fetchFor(tool), resolve: credentials.resolve }),
    ]),
  );
  const toTools = (name: string, scope: SearchScope): readonly ReactTool[] => {
    const tool = httpTools.get(name) ?? (name === SEARCH_TOOL ? searchTool(scope) : undefined);
    return tool === undefined ? [] : [tool];
  };

  return {
    loopFor(agent, { caller, tenant, firstCitation, withContent = false }) {
      const onTokens = (tokens: number) => usage.record({ target: config.embeddings, tokens, caller, tenant });
      const scope = { tenant, firstIndex: firstCitation + 1, withContent, onTokens };
      return createReactLoop({
        // What an agent that keeps to local models looks for is not told to a vendor's embeddings.
        tools: agent.tools
          .filter((name) => name !== SEARCH_TOOL || !agent.localOnly || embedsLocally(config))
          .flatMap((name) => toTools(name, scope)),
        maxIterations: agent.maxIterations,
        onRun(run) {
          telemetry.toolFinished(run);
          const { tool, error } = run;
          if (error)
            log('WARNING', 'tool failed', { agent: agent.name, tool, code: error.code, error: describeError(error) });
        },
      });
    },
  };
}

/**
 * The two parts of undici that are used here. Its index brings along fetch, caches, mocks and WebSockets, which take longer
 * to load than everything else a function loads before its first request.
 */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export = Agent;
}

declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  export = buildConnector;
}

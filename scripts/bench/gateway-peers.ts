import { installPeers, type Peers } from './peers.ts';

/**
 * The gateways and frameworks that the gateway path is compared with. Portkey's own lock file holds these versions of its
 * server library; with the newest ones that its package allows, its streams break.
 */
export function installGatewayPeers(): Promise<Peers> {
  return installPeers({
    name: 'gateways',
    dependencies: {
      '@ai-sdk/openai-compatible': '1.0.61',
      '@google-cloud/functions-framework': '5.0.5',
      '@portkey-ai/gateway': '1.15.2',
      ai: '5.0.277',
      undici: '7.30.2',
    },
    overrides: {
      '@hono/node-server': '1.3.3',
      '@hono/node-ws': '1.2.0',
      hono: '4.9.7',
      ioredis: '5.8.0',
      jose: '6.0.11',
    },
  });
}

/**
 * Genkit, apart from the others: it needs zod 3, and beside it the AI SDK would get that too and cost twice as much, or
 * Genkit several copies of it.
 */
export function installGenkitPeer(): Promise<Peers> {
  return installPeers({
    name: 'genkit',
    dependencies: { '@genkit-ai/compat-oai': '1.42.0', genkit: '1.42.0' },
  });
}

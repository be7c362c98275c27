import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installPeers, type Peers } from './peers.ts';

/**
 * The stores that exact search in memory is compared with, in versions that run on Node 20. Two of them are built from
 * source, which takes a C++ compiler and a few minutes the first time.
 */
export function installSearchPeers(): Promise<Peers> {
  // The headers of this Node, where it came with them: node-gyp would otherwise download them.
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, 'include', 'node'))) process.env.npm_config_nodedir ??= prefix;
  return installPeers({
    name: 'search',
    dependencies: {
      '@lancedb/lancedb': '0.22.3',
      '@langchain/classic': '1.0.50',
      '@langchain/core': '1.4.0',
      '@orama/orama': '3.1.18',
      'apache-arrow': '18.1.0',
      'better-sqlite3': '11.10.0',
      'hnswlib-node': '3.0.0',
      'sqlite-vec': '0.1.9',
      usearch: '2.21.4',
    },
    runScripts: true,
  });
}

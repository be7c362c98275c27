/**
 * Serves one built function under the functions framework, on the loopback address: `serve-function.ts DIRECTORY NAME PORT`.
 * The framework's own command line would listen on every interface. Tells its parent process the address.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { getTestServer } from '@google-cloud/functions-framework/testing';

const [directory = '', name = '', port = '0'] = process.argv.slice(2);
await import(pathToFileURL(join(directory, name, 'index.js')).href);
const server = getTestServer(name);
server.setTimeout(0);
server.listen(Number(port), '127.0.0.1', () => process.send?.(server.address()));

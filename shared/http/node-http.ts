/**
 * Node's HTTP module, asked for where others import it: an `import` reads each of its exports, and the getters among them
 * load Node's own fetch and WebSocket, 18 ms of a start on Node 24 that nothing here is served by.
 */
export const nodeHttp = process.getBuiltinModule('node:http');

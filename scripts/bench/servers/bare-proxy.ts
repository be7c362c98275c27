import { Agent, createServer, request as send } from 'node:http';

/** The least that Node itself can do: bytes in, bytes out, without a framework and without a client library. */
const upstream = process.env.UPSTREAM ?? '';
const agent = new Agent({ keepAlive: true });

createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end('ready');
    return;
  }
  const headers = { 'content-type': 'application/json', 'content-length': request.headers['content-length'] ?? 0 };
  const outgoing = send(`${upstream}${request.url}`, { method: 'POST', headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] });
    answer.pipe(response);
  });
  request.pipe(outgoing);
}).listen(Number(process.env.PORT), '127.0.0.1');

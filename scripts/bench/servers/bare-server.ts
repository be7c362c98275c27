import { createServer } from 'node:http';

/** What Node itself costs. */
createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end('{"status":"ok"}');
}).listen(Number(process.env.PORT), '127.0.0.1');

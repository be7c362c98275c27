import { http } from '@google-cloud/functions-framework';

/** What the functions framework costs when the function does nothing. */
http('empty', (_request, response) => {
  response.json({ status: 'ok' });
});

import { registerHttp } from '../register.ts';
import { gatewayRoutes } from './routes.ts';

await registerHttp({
  name: 'gateway',
  routes: gatewayRoutes,
  maxBodyBytes: ({ chatBodyBytes, embedBodyBytes, ingestBodyBytes, searchBodyBytes }, path) => {
    if (path.startsWith('/v1/documents')) return ingestBodyBytes;
    if (path.startsWith('/v1/embeddings')) return embedBodyBytes;
    return path.endsWith('/search') ? searchBodyBytes : chatBodyBytes;
  },
});

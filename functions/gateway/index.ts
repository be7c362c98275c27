import { registerHttp } from '../register.ts';
import { gatewayRoutes } from './routes.ts';

await registerHttp({
  name: 'gateway',
  routes: gatewayRoutes,
  maxBodyBytes: ({ chatBodyBytes, embedBodyBytes, ingestBodyBytes, searchBodyBytes }) =>
    Math.max(chatBodyBytes, embedBodyBytes, ingestBodyBytes, searchBodyBytes),
});

import { registerHttp } from '../register.ts';
import { embedRoutes } from './routes.ts';

await registerHttp({ name: 'embed', routes: embedRoutes, maxBodyBytes: (limits) => limits.embedBodyBytes });

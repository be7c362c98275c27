import { registerHttp } from '../register.ts';
import { ingestRoutes } from './routes.ts';

await registerHttp({ name: 'ingest', routes: ingestRoutes, maxBodyBytes: (limits) => limits.ingestBodyBytes });

import { registerHttp } from '../register.ts';
import { searchRoutes } from './routes.ts';

await registerHttp({ name: 'search', routes: searchRoutes, maxBodyBytes: (limits) => limits.searchBodyBytes });

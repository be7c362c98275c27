import { registerHttp } from '../register.ts';
import { chatRoutes } from './routes.ts';

await registerHttp({ name: 'chat', routes: chatRoutes, maxBodyBytes: (limits) => limits.chatBodyBytes });

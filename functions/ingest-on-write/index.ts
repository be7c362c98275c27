import { registerDocumentEvent } from '../register-event.ts';

await registerDocumentEvent('ingest-on-write');

import { toOpenApi } from './document.ts';
import { OPERATIONS } from './operations.ts';

/** Of the interface, not of the program. */
const VERSION = '1.0.0';

/** The OpenAPI document as JSON text. */
export function openApiText(): string {
  return JSON.stringify(toOpenApi(OPERATIONS, { version: VERSION }));
}

import { PRIVACY_MODES } from '../names.ts';
import { block, oneOf } from './schema.ts';

export const privacy = () => block({ mode: oneOf(PRIVACY_MODES) });

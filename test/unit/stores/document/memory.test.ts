import { createMemoryDocumentStore } from '../../../../shared/stores/document/memory.ts';
import { describeDocumentStore } from '../../../contracts/document-store.ts';

describeDocumentStore({ name: 'memory', createStore: createMemoryDocumentStore });

import { indexCommand } from '../../../shared/stores/vector/firestore-index.ts';
import type { IndexDefinition } from '../../firestore-needs.ts';
import { type Check, type Finding, fine, problem, warning } from '../finding.ts';
import { cannotLook, type ProjectScene } from '../project-scene.ts';

interface Index {
  /** projects/P/databases/D/collectionGroups/C/indexes/ID */
  readonly name: string;
  readonly state?: string;
  readonly fields?: readonly {
    readonly fieldPath: string;
    readonly vectorConfig?: { readonly dimension?: number | string };
  }[];
}

/** Whether the database is there, with an index for each search of the configuration. */
export const databaseCheck: Check<ProjectScene> = {
  name: 'database',
  async run(scene) {
    const { needs, names, ask } = scene;
    const { database, indexes } = needs.firestore;
    const described = await ask<{ readonly locationId?: string; readonly type?: string }>(
      'firestore',
      'databases',
      'describe',
      `--database=${database}`,
    );
    if (!described.ok) {
      return described.reason === 'absent'
        ? [problem(database, 'does not exist', 'database', names)]
        : [cannotLook(database, described, scene)];
    }
    const { type = 'FIRESTORE_NATIVE', locationId } = described.value;
    if (type !== 'FIRESTORE_NATIVE') return [problem(database, `is ${type}, not in native mode`, 'database', names)];
    const there = fine(database, `is there, in ${locationId ?? 'an unnamed place'}`);
    const listed = await ask<readonly Index[]>('firestore', 'indexes', 'composite', 'list', `--database=${database}`);
    if (!listed.ok) return [there, cannotLook('indexes', listed, scene)];
    return [there, ...indexes.map((index) => judge(index, listed.value, scene))];
  },
};

function judge(index: IndexDefinition, listed: readonly Index[], { needs, names }: ProjectScene): Finding {
  const { collectionGroup, fields } = index;
  const subject = `${collectionGroup} (${fields.map(({ fieldPath }) => fieldPath).join(', ')})`;
  const found = listed.find(
    ({ name, fields: own = [] }) => name.split('/').at(-3) === collectionGroup && shapeOf(own) === shapeOf(fields),
  );
  if (found?.state === 'READY') return fine(subject, 'has its index');
  if (found !== undefined)
    return warning(subject, `its index is ${found.state ?? 'not ready'}`, 'index-building', names);
  return problem(subject, 'has no index', 'index', { ...names, COMMAND: toCommand(index, needs.firestore.database) });
}

/** Fields in their order, vectors with their length, without the one that Firestore adds. */
function shapeOf(fields: NonNullable<Index['fields']>): string {
  return fields
    .filter(({ fieldPath }) => fieldPath !== '__name__')
    .map(({ fieldPath, vectorConfig }) => `${fieldPath}:${vectorConfig?.dimension ?? ''}`)
    .join(' ');
}

function toCommand({ collectionGroup, fields }: IndexDefinition, databaseId: string): string {
  const vector = fields.flatMap((field) =>
    'vectorConfig' in field
      ? [{ field: field.fieldPath as 'embedding', dimensions: field.vectorConfig.dimension }]
      : [],
  )[0];
  return indexCommand({
    collectionGroup,
    databaseId,
    equalityFields: fields.filter((field) => !('vectorConfig' in field)).map(({ fieldPath }) => fieldPath),
    ...(vector === undefined ? {} : { vector }),
  });
}

import { AppError } from '../../kernel/error.js';
import { RowError } from './cell.js';
import { Problems, type Columns } from './columns.js';
import type { ImportedAssignment } from './context.js';
import { filterOf, type Planned } from './event-plan.js';
import type { AssignmentMapping } from './mapping.js';
import { atGetter, requiredText } from './value.js';

/**
 * Checks a mapping of assignments against the columns of a file; `--at` is a column or one ISO instant for all rows,
 * without it everybody was in the arm since the experiment started.
 * @throws AppError INVALID with every problem at once
 */
export function planAssignments(
  mapping: AssignmentMapping,
  columns: Columns,
): Planned<ImportedAssignment> {
  const problems = new Problems();
  const notes: string[] = [];
  const need = (value: string | undefined, option: string, what: string): string => {
    if (value === undefined) problems.add(`${option} is needed: ${what}`);
    return value ?? '';
  };
  const experiment = need(mapping.experiment, '--experiment', 'which experiment were they in?');
  const userSpec = need(mapping.user, '--user', 'which column holds the user?');
  const variantSpec = need(mapping.variant, '--variant', 'which column holds the arm?');
  const attempt = <T>(given: string | undefined, work: (text: string) => T): T | null =>
    given === undefined || given === '' ? null : problems.attempt(() => work(given));
  const user = attempt(userSpec, (text) => requiredText(text, columns, '--user', 'user'));
  const variant = attempt(variantSpec, (text) =>
    requiredText(text, columns, '--variant', 'variant'),
  );
  const at = attempt(mapping.at, (text) =>
    atGetter(text, mapping.dateFormat, columns, notes, ['--at', 'assignment']),
  );
  const where = attempt(mapping.where, (text) => filterOf(text, columns));
  problems.check();
  if (!user || !variant) throw new Error('a checked mapping is incomplete');
  if (mapping.at === undefined)
    notes.push('everybody was in their arm since the experiment started: --at says otherwise');
  return {
    notes,
    plan: (deps) => ({
      kind: 'assignments',
      source: mapping.source ?? 'import',
      // a wrong key would reject every row of the file, one by one
      check: async () => {
        refuseExperiment(experiment, await deps.experimentKeys());
      },
      map: ({ cells }) => {
        if (where !== null && !where(cells)) return null;
        const instant = at === null ? null : at(cells);
        if (at !== null && instant === null)
          throw new RowError(`the row has no time (${mapping.at ?? ''} is blank)`);
        return {
          user: user(cells),
          variant: variant(cells),
          at: instant === null ? null : new Date(instant),
        };
      },
      userKey: ({ cells }) => user(cells),
      write: (rows) => deps.importAssignments(experiment, rows),
    }),
  };
}

function refuseExperiment(
  wanted: string,
  known: readonly { key: string; refused: string | null }[],
): void {
  const found = known.find(({ key }) => key === wanted);
  if (found) {
    if (found.refused !== null) throw new AppError('CONFLICT', found.refused);
    return;
  }
  const open = known.filter(({ refused }) => refused === null).map(({ key }) => key);
  const remedy =
    open.length > 0
      ? `--experiment takes ${open.slice(0, 20).join(', ')}`
      : 'write one down with the mutation createExperiment first';
  throw new AppError('NOT_FOUND', `no experiment has the key ${wanted}: ${remedy}`);
}

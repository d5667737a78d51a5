import { AppError } from '../../kernel/error.js';
import { isBlank, RowError, truthIn } from './cell.js';
import { Problems, type CellGetter, type Columns } from './columns.js';
import type { ImportedOutcome } from './context.js';
import { parseExpression, readsOf } from './expression.js';
import { filterOf, type Planned } from './event-plan.js';
import type { OutcomeMapping } from './mapping.js';
import { atGetter, requiredText, valueOf } from './value.js';

/**
 * Checks a mapping of outcomes against the columns of a file; `--at` is a column or one ISO instant for all rows.
 * @throws AppError INVALID with every problem at once
 */
export function planOutcomes(mapping: OutcomeMapping, columns: Columns): Planned<ImportedOutcome> {
  const problems = new Problems();
  const notes: string[] = [];
  const need = (value: string | undefined, option: string, what: string): string => {
    if (value === undefined) problems.add(`${option} is needed: ${what}`);
    return value ?? '';
  };
  const userSpec = need(mapping.user, '--user', 'which column holds the user?');
  const model = need(mapping.model, '--model', 'which model is it the label of?');
  const positiveSpec = need(mapping.positive, '--positive', 'for example --positive "Churn=Yes"');
  const atSpec = need(mapping.at, '--at', 'a column, or one ISO instant for every row');
  const attempt = <T>(given: string | undefined, work: () => T): T | null =>
    given === undefined || given === '' ? null : problems.attempt(work);
  const user = attempt(userSpec, () => requiredText(userSpec, columns, '--user', 'user'));
  const positive = attempt(positiveSpec, () => labelGetter(positiveSpec, columns));
  const at = attempt(atSpec, () =>
    atGetter(atSpec, mapping.dateFormat, columns, notes, ['--at', 'outcome']),
  );
  const where = attempt(mapping.where, () => filterOf(mapping.where ?? '', columns));
  problems.check();
  if (!user || !positive || !at) throw new Error('a checked mapping is incomplete');
  const source = mapping.source ?? 'import';
  return {
    notes,
    plan: (deps) => ({
      kind: 'outcomes',
      source,
      // a wrong name would reject every row of the file, one by one
      check: async () => {
        refuseUnknownModel(model, await deps.modelNames());
      },
      map: ({ cells }) => {
        if (where !== null && !where(cells)) return null;
        const instant = at(cells);
        if (instant === null) throw new RowError(`the row has no time (${atSpec} is blank)`);
        const label = positive(cells);
        if (isBlank(label))
          throw new RowError(`the row has no label (what ${positiveSpec} reads is blank)`);
        return {
          user: user(cells),
          model,
          at: new Date(instant),
          positive: truthIn(label, positiveSpec),
          source,
        };
      },
      userKey: ({ cells }) => user(cells),
      write: async (rows) => {
        const { accepted, duplicates, rejected } = await deps.recordOutcomes(rows);
        return { accepted, duplicates: duplicates ?? 0, rejected };
      },
    }),
  };
}

function refuseUnknownModel(model: string, known: readonly string[]): void {
  if (known.includes(model)) return;
  const remedy =
    known.length > 0
      ? `--model takes ${known.join(', ')}`
      : 'the first `npm start` on this data directory brings one, start it once';
  throw new AppError('NOT_FOUND', `no model is named ${model}: ${remedy}`);
}

/** The label, blank where every column it is made of is blank: an unknown label must not count as negative. */
function labelGetter(spec: string, columns: Columns): CellGetter {
  const get = valueOf(spec, columns, '--positive');
  if (columns.find(spec)) return get;
  const { columns: names, asksEmpty } = readsOf(parseExpression(spec));
  const reads = names.flatMap((name) => columns.find(name) ?? []);
  if (asksEmpty || reads.length === 0) return get;
  return (cells) => (reads.every((read) => isBlank(read(cells))) ? null : get(cells));
}

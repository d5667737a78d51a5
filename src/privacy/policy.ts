import { AppError } from '../kernel/error.js';

/** One thing that a table's policy says; a policy is one or more of these. */
export type Clause =
  /** Nothing about a customer. */
  | { kind: 'none'; why: string }
  /** The table of customers. */
  | { kind: 'self' }
  /** Rows whose column holds the customer's id, or the external id. */
  | { kind: 'by'; column: string; holds: 'id' | 'key' }
  /** Rows that go with rows of another table: pairs are [own column, its column]. */
  | { kind: 'with'; table: string; pairs: [string, string][]; unlessShared: boolean }
  /** Columns in which the customer may be mentioned; null = every column that holds text. */
  | { kind: 'mentions'; columns: string[] | null; then: 'delete' | 'redact' }
  /** A bitmap over customer ids. */
  | { kind: 'bitmap'; column: string };

const PREFIX = 'privacy:';
const NAME = '[a-z_][a-z0-9_]*';
const FORMS: [RegExp, (parts: string[]) => Clause][] = [
  [/^none - (.+)$/, ([why = '']) => ({ kind: 'none', why })],
  [/^self$/, () => ({ kind: 'self' })],
  [
    new RegExp(`^by (${NAME})( as key)?$`),
    ([column = '', asKey]) => ({ kind: 'by', column, holds: asKey ? 'key' : 'id' }),
  ],
  [
    new RegExp(
      `^with (${NAME}) \\((${NAME} = ${NAME}(?:, ${NAME} = ${NAME})*)\\)( unless shared)?$`,
    ),
    ([table = '', pairs = '', unlessShared]) => ({
      kind: 'with',
      table,
      pairs: pairs.split(', ').map((pair) => {
        const [own = '', its = ''] = pair.split(' = ');
        return [own, its];
      }),
      unlessShared: unlessShared !== undefined,
    }),
  ],
  [
    new RegExp(`^mentions (\\*|${NAME}(?:, ${NAME})*) -> (delete|redact)$`),
    ([columns = '', then]) => ({
      kind: 'mentions',
      columns: columns === '*' ? null : columns.split(', '),
      then: then === 'delete' ? 'delete' : 'redact',
    }),
  ],
  [new RegExp(`^bitmap (${NAME})$`), ([column = '']) => ({ kind: 'bitmap', column })],
];

/**
 * The policy in the comment of a table, such as `privacy: by user_id` or
 * `privacy: by user_key as key; mentions row, message -> delete`; null when the comment states none.
 * @throws AppError CONFIGURATION when it starts like a policy and is none
 */
export function parsePolicy(comment: string | null): Clause[] | null {
  const text = comment?.trim() ?? '';
  if (!text.startsWith(PREFIX)) return null;
  const clauses = text
    .slice(PREFIX.length)
    .split(';')
    .map((part) => clauseOf(part.trim()));
  if (clauses.length > 1 && clauses.some(({ kind }) => kind === 'none'))
    throw new AppError('CONFIGURATION', `a privacy policy cannot be "none" and more: ${text}`);
  return clauses;
}

function clauseOf(text: string): Clause {
  for (const [form, build] of FORMS) {
    const match = form.exec(text);
    if (match) return build(match.slice(1));
  }
  throw new AppError('CONFIGURATION', `not a privacy policy: "${text}"; see docs/privacy.md`);
}

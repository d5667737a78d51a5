import { numberIn, RowError } from './cell.js';
import { Problems, type Columns } from './columns.js';
import type { ImportedTicket } from './context.js';
import { checkName, filterOf, textOrNull, type Planned } from './event-plan.js';
import { splitList, type TicketMapping } from './mapping.js';
import { columnIds, type RowIds } from './row-id.js';
import { instantOf, requiredText, valueOf } from './value.js';

/**
 * Checks a mapping of tickets against the columns of a file. What a column leaves blank stays as it is, so that a
 * later file of the same tickets can resolve and rate them.
 * @throws AppError INVALID with every problem at once
 */
export function planTickets(mapping: TicketMapping, columns: Columns): Planned<ImportedTicket> {
  const get = ticketGetters(mapping, columns);
  const source = mapping.source ?? 'import';
  const at = (ms: number | null | undefined): Date | null =>
    ms === null || ms === undefined ? null : new Date(ms);
  return {
    notes: [],
    plan: (deps) => ({
      kind: 'tickets',
      source,
      map: ({ cells }) => {
        if (get.where !== null && !get.where(cells)) return null;
        const openedAt = at(get.opened(cells));
        if (openedAt === null)
          throw new RowError(`the row has no time (${mapping.opened ?? ''} is blank)`);
        const stated =
          get.satisfaction && numberIn(get.satisfaction(cells), mapping.satisfaction ?? '');
        return {
          source,
          key: get.id(cells, 'ticket'),
          user: get.user(cells),
          issueType: get.issue(cells),
          text: get.text && textOrNull(get.text(cells)),
          openedAt,
          resolvedAt: at(get.resolved?.(cells)),
          satisfaction: stated,
          // an instant alone, as of a form that was never filled in, states nothing
          ratedAt: stated === null ? null : at(get.rated?.(cells)),
        };
      },
      userKey: ({ cells }) => get.user(cells),
      write: async (rows) => {
        const { created, updated, unchanged, rejected } = await deps.recordTickets(rows);
        return { accepted: created + updated, duplicates: unchanged, rejected };
      },
    }),
  };
}

function ticketGetters(mapping: TicketMapping, columns: Columns) {
  const problems = new Problems();
  const attempt = <T>(given: string | undefined, work: (spec: string) => T): T | null =>
    given === undefined ? null : problems.attempt(() => work(given));
  const need = <T>(given: string | undefined, option: string, work: (spec: string) => T) => {
    if (given === undefined) problems.add(`${option} is needed: which column holds it?`);
    return attempt(given, work);
  };
  const text = (option: string, what: string) => (spec: string) =>
    requiredText(spec, columns, option, what);
  const instant = (option: string) => (spec: string) =>
    instantOf(spec, mapping.dateFormat, columns, option);

  const id = mapping.id === undefined ? null : problems.attempt(() => ticketIds(mapping, columns));
  if (mapping.id === undefined) problems.add('--id is needed: which column holds it?');
  const user = need(mapping.user, '--user', text('--user', 'user'));
  const issue = need(mapping.issue, '--issue', text('--issue', 'issue type'));
  const opened = need(mapping.opened, '--opened', instant('--opened'));
  const rest = {
    resolved: attempt(mapping.resolved, instant('--resolved')),
    rated: attempt(mapping.rated, instant('--rated')),
    satisfaction: attempt(mapping.satisfaction, (spec) => valueOf(spec, columns, '--satisfaction')),
    text: attempt(mapping.text, (spec) => valueOf(spec, columns, '--text')),
    where: attempt(mapping.where, (spec) => filterOf(spec, columns)),
  };
  problems.attempt(() => {
    checkName(mapping.source ?? 'import', '--source');
  });
  if (mapping.rated !== undefined && mapping.satisfaction === undefined)
    problems.add('--rated needs --satisfaction: it says when that was stated');
  problems.check();
  if (!id || !user || !issue || !opened) throw new Error('a checked mapping is incomplete');
  return { id, user, issue, opened, ...rest };
}

function ticketIds(mapping: TicketMapping, columns: Columns): RowIds {
  const names = splitList(mapping.id ?? []);
  return columnIds(
    names.map((name) => valueOf(name, columns, '--id')),
    names,
  );
}

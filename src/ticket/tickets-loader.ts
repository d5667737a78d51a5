import { loaderByArguments, type LoaderByArguments } from '../graphql/loader-by-arguments.js';
import type { Ticket } from './ticket.js';
import type { TicketsRequest, TicketStore } from './ticket.store.js';

/** Tickets of one customer; customers asked with equal arguments in one tick are one statement. */
export type TicketsLoader = LoaderByArguments<TicketsRequest, number, Ticket[]>;

/** A loader for each set of arguments, kept for the request. */
export function ticketsLoader(store: Pick<TicketStore, 'pagesOf'>): TicketsLoader {
  return loaderByArguments(keyOf, (ids: readonly number[], request) => store.pagesOf(ids, request));
}

function keyOf({ open, until, after, limit }: TicketsRequest): string {
  const behind = after ? `${after.openedAt.getTime()} ${after.id}` : '';
  return `${limit} ${String(open)} ${until.getTime()} ${behind}`;
}

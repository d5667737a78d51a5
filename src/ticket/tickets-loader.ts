import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../graphql/context.js';
import type { Ticket } from './ticket.js';
import type { TicketsRequest, TicketStore } from './ticket.store.js';

/** Tickets of one customer; customers asked with equal arguments in one tick are one statement. */
export type TicketsLoader = (
  context: RequestContext,
  request: TicketsRequest,
) => DataLoader<number, Ticket[]>;

/** A loader for each set of arguments, kept for the request. */
export function ticketsLoader(store: Pick<TicketStore, 'pagesOf'>): TicketsLoader {
  const loaders = perRequest(() => new Map<string, DataLoader<number, Ticket[]>>());
  return (context, request) => {
    const byArguments = loaders(context);
    const { open, until, after, limit } = request;
    const behind = after ? `${after.openedAt.getTime()} ${after.id}` : '';
    const key = `${limit} ${String(open)} ${until.getTime()} ${behind}`;
    let loader = byArguments.get(key);
    if (!loader) {
      loader = new DataLoader((ids: readonly number[]) => store.pagesOf(ids, request));
      byArguments.set(key, loader);
    }
    return loader;
  };
}

import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from './context.js';

/** A loader for each set of arguments: who asks with equal ones in one tick is answered by one call. */
export type LoaderByArguments<Arguments, Key, Value> = (
  context: RequestContext,
  given: Arguments,
) => DataLoader<Key, Value>;

/**
 * Loaders of a field with arguments, kept for the request.
 * @param keyOf tells arguments apart; cheap, it is asked for every parent of a list
 * @param read answers all keys, in their order
 */
export function loaderByArguments<Arguments, Key, Value>(
  keyOf: (given: Arguments) => string | number,
  read: (keys: readonly Key[], given: Arguments, context: RequestContext) => Promise<Value[]>,
): LoaderByArguments<Arguments, Key, Value> {
  const loaders = perRequest(() => new Map<string | number, DataLoader<Key, Value>>());
  return (context, given) => {
    const byArguments = loaders(context);
    const key = keyOf(given);
    let loader = byArguments.get(key);
    if (!loader) {
      loader = new DataLoader((keys: readonly Key[]) => read(keys, given, context));
      byArguments.set(key, loader);
    }
    return loader;
  };
}

/**
 * The same items, of which the next is already being made while the caller works on one; never more than one, so
 * memory stays bounded. An error comes where its item would have come. Once it has ended, early or not, nothing of
 * `source` is under way any more.
 */
export async function* ahead<T>(
  source: AsyncGenerator<T, void, void>,
): AsyncGenerator<T, void, void> {
  let next = source.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = source.next();
      next.catch(ignore); // it is told when it is waited for
      yield value;
    }
  } finally {
    await next.catch(ignore);
    await source.return();
  }
}

function ignore(): void {
  // told by whoever waits for the item
}

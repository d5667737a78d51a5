/** Options of the argument `after` of a subscription that misses nothing. */
export const FEED_AFTER = {
  nullable: true,
  description:
    'A cursor that was given out with a change, or by `changesCursor`: first all that was missed since, then live.',
} as const;

/** Options of the field that holds a change's cursor. */
export const FEED_CURSOR = {
  nullable: true,
  description: 'Pass as `after` to miss nothing that comes behind it; null outside subscriptions.',
} as const;

import { GraphQLDateTimeISO, GraphQLJSONObject, GraphQLLocalDate } from 'graphql-scalars';
import { GraphQLScalarType } from 'graphql';

/** ISO-8601 instant, UTC; JavaScript Date inside. */
export const DateTime = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: 'DateTime',
  description: 'ISO-8601 instant, UTC, for example 1997-10-01T00:00:00.000Z.',
});

/** A JSON object. */
export const JsonObject = new GraphQLScalarType({
  ...GraphQLJSONObject.toConfig(),
  name: 'JSONObject',
  description: 'A JSON object.',
});

/** A day of the calendar in UTC; `YYYY-MM-DD` inside. */
export const CalendarDay = new GraphQLScalarType({
  ...GraphQLLocalDate.toConfig(),
  name: 'Date',
  description: 'Calendar day, UTC, for example 1997-10-01.',
});

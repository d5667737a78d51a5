const WORDS = new Set(
  [
    'select from where and or is not null as case when then else end any in between filter distinct',
    'order by asc desc nulls last within group offset left join cross lateral on with ordinality',
    'at time zone true false',
    'count sum avg min max stddev_pop percentile_cont array_agg array_send unnest coalesce nullif',
    'greatest least ln exp abs sqrt sin cos pi round scale date_part date_bin cardinality width_bucket jsonb_typeof',
    'event customer user_id type_id device_id value properties attributes registered_at',
    'consent_profiling id position cut',
    'e u c l r p x y',
    'float8 int2 int bigint text timestamptz numeric bool interval',
  ].flatMap((line) => line.split(' ')),
);
const ALIAS = /^[fatspjn]\d+$/;
const LITERALS = new Set(["'UTC'", "'epoch'", "'hour'", "'isodow'", "'number'", "'boolean'", "''"]);
const TOKEN =
  /\s+|\$\d+|'[^']*'|[A-Za-z_][A-Za-z0-9_]*|\d+(?:e\d+)?|->>|->|::|<=|>=|<>|[-+*/<>=(),.[\]]/y;

/** What in a compiled statement is no word, alias, operator or placeholder of ours; null when all is. */
export function strangeToken(sql: string): string | null {
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.length) {
    const { lastIndex } = TOKEN;
    const [token] = TOKEN.exec(sql) ?? [];
    if (token === undefined) return sql.slice(lastIndex, lastIndex + 40);
    const isWord = /^[A-Za-z_]/.test(token);
    if (isWord && !WORDS.has(token) && !ALIAS.test(token)) return token;
    if (token.startsWith("'") && !LITERALS.has(token)) return token;
  }
  return null;
}

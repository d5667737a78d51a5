// What we change in the packed GraphiQL: its editor hides deprecated fields from the suggestions, and has no
// way to be told otherwise. Ours suggests them last, struck through, with the reason.

const IN_WORKER = [
  ['return filterNonEmpty(list2, (entry) => !entry.isDeprecated);', 'return list2;'],
  [
    'filterNonEmpty(filterNonEmpty(byProximity, (pair) => pair.proximity <= 2), (pair) => !pair.entry.isDeprecated)',
    'filterNonEmpty(byProximity, (pair) => pair.proximity <= 2)',
  ],
  [
    `      sortText: entry.sortText,
      filterText: entry.filterText,
      ...entry.documentation && {
        documentation: {
          value: entry.documentation
        }
      },`,
    `      sortText: (entry.isDeprecated ? "~" : "") + (entry.sortText ?? entry.label),
      filterText: entry.filterText,
      ...entry.isDeprecated && { tags: [1] },
      ...(entry.documentation || entry.deprecationReason) && {
        documentation: {
          value: [entry.deprecationReason && "**Deprecated:** " + entry.deprecationReason, entry.documentation].filter(Boolean).join("\\n\\n")
        }
      },`,
  ],
];

const IN_PAGE = [
  [
    'documentation:n.documentation,detail:n.detail,command:n.command}',
    'documentation:n.documentation,detail:n.detail,command:n.command,tags:n.tags}',
  ],
];

/** @throws Error when a place to change is not there exactly once: another GraphiQL needs another look */
function changed(text, changes) {
  return changes.reduce((before, [from, to]) => {
    const parts = before.split(from);
    if (parts.length !== 2)
      throw new Error(
        `GraphiQL has ${parts.length - 1} places like ${JSON.stringify(from)}, not 1`,
      );
    return parts.join(to);
  }, text);
}

/** The worker that knows the schema, with our changes. */
export const changedWorker = (text) => changed(text, IN_WORKER);

/** The page's script, with our changes. */
export const changedPage = (text) => changed(text, IN_PAGE);

import type { BlendClassifier, BlendMember, Encoding } from './classifier.js';

/**
 * A blend of members over the same raw inputs.
 * @throws RangeError without members, or when their inputs differ by name or order
 */
export function blendOf(members: readonly BlendMember[], intercept: number): BlendClassifier {
  const [first] = members;
  if (!first) throw new RangeError('a blend needs at least one member');
  const encodings = members.map(({ classifier }) => classifier.encoding);
  for (const encoding of encodings)
    if (inputsOf(encoding) !== inputsOf(first.classifier.encoding))
      throw new RangeError('the members of a blend must take the same inputs in the same order');
  const { numericNames, categoricalNames } = first.classifier.encoding;
  const categories = categoricalNames.map((_, input) =>
    [...new Set(encodings.flatMap((encoding) => encoding.categories[input] ?? []))].sort(ascending),
  );
  const encoding: Encoding = { numericNames, categoricalNames, categories };
  return { kind: 'blend', encoding, intercept, members };
}

function inputsOf({ numericNames, categoricalNames }: Encoding): string {
  return JSON.stringify([numericNames, categoricalNames]);
}

function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

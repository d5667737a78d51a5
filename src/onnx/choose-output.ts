import type { ReadModel } from './read-graph.js';

/** The tensor of a graph that holds its scores. */
export interface ChosenOutput {
  /** The output that the file declares. */
  name: string;
  /** The value to take: the output itself, or what a ZipMap was made from. */
  value: string;
}

const FLOATS = new Set([1, 11]);

/**
 * Which output of a classifier holds its scores: the one asked for, else the only tensor of floats or ZipMap; of
 * several, the only one with "prob" in its name. Labels are passed over.
 * @throws RangeError when there is none, or several could be meant
 */
export function chooseOutput(model: ReadModel, wanted: string | null): ChosenOutput {
  const all = model.outputs.map(({ name }) => name);
  const scores = model.outputs.flatMap(({ name, kind, type }): ChosenOutput[] => {
    const zipped = zipMapInput(model, name);
    if (zipped !== null) return [{ name, value: zipped }];
    return kind === 'tensor' && FLOATS.has(type) ? [{ name, value: name }] : [];
  });
  if (wanted !== null) {
    const found = scores.find(({ name }) => name === wanted);
    if (found) return found;
    fail(
      all.includes(wanted)
        ? `output "${wanted}" is no tensor of floats`
        : `the graph has no output "${wanted}", it has ${all.join(', ')}`,
    );
  }
  const probable = scores.filter(({ name }) => /prob/i.test(name));
  const [only, another] = scores.length === 1 ? scores : probable;
  if (only && !another) return only;
  if (scores.length === 0)
    fail(
      `the graph answers labels only (${all.join(', ')}): export it with its probabilities or its decision function`,
    );
  return fail(`the graph answers ${scores.map(({ name }) => name).join(', ')}: say which is meant`);
}

function zipMapInput({ nodes }: ReadModel, output: string): string | null {
  const node = nodes.find(({ op, outputs }) => op === 'ZipMap' && outputs.includes(output));
  return node?.inputs[0] ?? null;
}

function fail(message: string): never {
  throw new RangeError(message);
}

import { describe, expect, it } from 'vitest';
import { planInputs, type InputFeature } from '../../src/onnx/plan-inputs.js';
import type { ReadValue } from '../../src/onnx/read-graph.js';

const FLOAT = 1;
const INT64 = 7;
const STRING = 8;
const input = (name: string, type: number, dims: ReadValue['dims']): ReadValue => ({
  name,
  kind: 'tensor',
  type,
  dims,
});
const features = (text: string): InputFeature[] =>
  text.split(' ').map((name) => ({ name, kind: name.startsWith('c') ? 'category' : 'number' }));
const columns = (inputs: ReadValue[], given: string): Record<string, readonly number[]> =>
  Object.fromEntries(
    planInputs({ inputs }, features(given)).map((plan) => [plan.name, plan.columns]),
  );

describe('planInputs', () => {
  it.each<[string, ReadValue[], string, Record<string, number[]>]>([
    ['one matrix', [input('x', FLOAT, ['N', 3])], 'n1 n2 n3', { x: [0, 1, 2] }],
    ['a matrix of open width', [input('x', FLOAT, [null, null])], 'n1 n2', { x: [0, 1] }],
    ['a matrix of unknown shape', [input('x', FLOAT, null)], 'n1 n2', { x: [0, 1] }],
    [
      'an input a feature, in order',
      [input('p', FLOAT, [null, 1]), input('q', STRING, [null, 1]), input('r', INT64, [null, 1])],
      'n1 c1 n2',
      { p: [0], q: [0], r: [1] },
    ],
    [
      'an input a feature, by name where all names are given',
      [input('n2', FLOAT, [null, 1]), input('c1', STRING, [null, 1]), input('n1', FLOAT, [1])],
      'n1 n2 c1',
      { n2: [1], c1: [0], n1: [0] },
    ],
    [
      'numbers and categories, however they are mixed in the list',
      [input('numeric', FLOAT, ['N', 2]), input('categorical', STRING, ['N', 2])],
      'c1 n1 c2 n2',
      { numeric: [0, 1], categorical: [0, 1] },
    ],
    [
      'two matrices, one of open width',
      [input('x', FLOAT, ['N', null]), input('y', FLOAT, ['N', 2])],
      'n1 n2 n3',
      { x: [0], y: [1, 2] },
    ],
  ])('%s', (_, inputs, given, expected) => {
    expect(columns(inputs, given)).toEqual(expected);
  });

  it.each<[string, ReadValue[], string, string]>([
    ['nothing to take', [], 'n1', 'the graph takes no inputs'],
    [
      'too few features',
      [input('x', FLOAT, ['N', 3])],
      'n1 n2',
      'the graph takes 3 numbers ("x" float [N, 3]), 2 of the features are numbers: n1, n2',
    ],
    [
      'too many features',
      [input('x', FLOAT, ['N', 1])],
      'n1 n2',
      'the graph takes 1 numbers ("x" float [N, 1]), 2 of the features are numbers: n1, n2',
    ],
    [
      'a category for a float input',
      [input('x', FLOAT, ['N', 2])],
      'n1 c1',
      'the graph takes 2 numbers ("x" float [N, 2]), 1 of the features are numbers: n1; not so c1',
    ],
    [
      'a category for an input of open width',
      [input('x', FLOAT, ['N', null])],
      'n1 c1',
      'no input of the graph takes categories, 1 of the features are categories: c1; not so n1',
    ],
    [
      'a number for a string input',
      [input('x', STRING, ['N', 1])],
      'n1',
      'no input of the graph takes numbers, 1 of the features are numbers: n1',
    ],
    [
      'the wrong rank',
      [input('x', FLOAT, ['N', 3, null])],
      'n1',
      'input "x" must be [N, columns] or [N], got rank 3: [N, 3, ?]',
    ],
    [
      'two inputs of open width',
      [input('x', FLOAT, null), input('y', FLOAT, null)],
      'n1 n2',
      'only one input may leave its number of columns open, got "x" float [N, ?], "y" float [N, ?]',
    ],
    ['float16', [input('x', 10, ['N', 1])], 'n1', 'got element type 10'],
    [
      'a sequence',
      [{ name: 'x', kind: 'sequence', type: 0, dims: null }],
      'n1',
      'input "x" must be a tensor',
    ],
  ])('refuses %s', (_, inputs, given, reason) => {
    expect(() => planInputs({ inputs }, features(given))).toThrow(reason);
  });
});

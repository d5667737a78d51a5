import { registerEnumType } from 'type-graphql';
import type { Quadrant } from './segment.js';

/** The quadrants of the priority matrix in the graph. */
export const QuadrantEnum: { [K in Quadrant]: K } = {
  KEEP: 'KEEP',
  RAISE_VALUE: 'RAISE_VALUE',
  RAISE_ACTIVITY: 'RAISE_ACTIVITY',
  WATCH: 'WATCH',
};

registerEnumType(QuadrantEnum, {
  name: 'Quadrant',
  description: 'Where a segment lies by its value and its activity, each 1..3.',
  valuesConfig: {
    KEEP: { description: 'High value, active.' },
    RAISE_VALUE: { description: 'Active, but of little value so far.' },
    RAISE_ACTIVITY: { description: 'Of value, but gone quiet.' },
    WATCH: { description: 'No weaker side, and not at the top.' },
  },
});

import type { GroupColumnOf } from '../../user/user-groups.js';
import type { SegmentServing } from '../segmentation.js';
import { liveSegmentation } from './segment-filter.js';

/** Groups of customers by segment and by quadrant; the name of the dimension is the key of the segmentation. */
export function segmentDimensions(serving: Pick<SegmentServing, 'current'>): {
  SEGMENT: GroupColumnOf;
  QUADRANT: GroupColumnOf;
} {
  const joined = (alias: string, model: string): string =>
    `left join segment_membership ${alias} on ${alias}.model_id = ${model} and ${alias}.user_id = c.id
       and ${alias}.until is null and c.consent_profiling`;
  return {
    SEGMENT: ({ name, field, alias }, parameters) => {
      const { model } = liveSegmentation(serving, name, field);
      return {
        join: joined(alias, parameters.add(model.id, 'uuid')),
        value: `${alias}.segment_key`,
      };
    },
    QUADRANT: ({ name, field, alias }, parameters) => {
      const { model, report } = liveSegmentation(serving, name, field);
      const keys = report.segments.map(({ key }) => key);
      const quadrants = report.segments.map(({ persona }) => persona.quadrant);
      const place = `array_position(${parameters.add(keys, 'text[]')}, ${alias}.segment_key)`;
      return {
        join: joined(alias, parameters.add(model.id, 'uuid')),
        value: `(${parameters.add(quadrants, 'text[]')})[${place}]`,
      };
    },
  };
}

import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../graphql/scalars.js';
import type { TrainingSchedule } from './spec-parts.js';

export const ScheduledPromotion = { NO: 'NO', IF_BETTER: 'IF_BETTER' } as const;

registerEnumType(ScheduledPromotion, {
  name: 'ScheduledPromotion',
  description: 'What becomes of a version that was trained by schedule.',
  valuesConfig: {
    NO: { description: 'It stays a candidate.' },
    IF_BETTER: {
      description:
        'Into PRODUCTION when it is better on the same test rows than the present one, or when there is none.',
    },
  },
});

@ObjectType('TrainingSchedule', {
  simpleResolvers: true,
  description: 'How often a model is trained, as its spec says.',
})
export class TrainingScheduleType {
  @Field(() => Int, { description: 'Days from one training to the next, 1..3650.' })
  everyDays!: number;
  @Field(() => ScheduledPromotion, { description: 'What becomes of the version.' })
  promote!: TrainingSchedule['promote'];
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the last training was asked for, by schedule or by hand; null before any.',
  })
  lastRunAt!: Date | null;
  @Field(() => DateTime, {
    nullable: true,
    description:
      'When the next is due; the nightly look asks for it. A training that failed is due again after a day, once. Null while one waits or runs.',
  })
  nextRunAt!: Date | null;
  /** Of the last training; uuid. */
  jobId!: string | null;
}

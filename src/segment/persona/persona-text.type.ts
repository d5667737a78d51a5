import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { NodeInterface } from '../../graphql/node.type.js';
import { DateTime, JsonObject } from '../../graphql/scalars.js';
import { UserErrorType } from '../../graphql/user-error.type.js';
import { encodeId } from '../../kernel/id.js';
import { SegmentType } from '../segment.type.js';
import type { PersonaText, PersonaTextKind, TextCondition } from './persona-text.js';

export const PersonaTextKindEnum: { [K in PersonaTextKind]: K } = {
  TRAIT: 'TRAIT',
  INSIGHT: 'INSIGHT',
  STRATEGY: 'STRATEGY',
  GOAL: 'GOAL',
};

registerEnumType(PersonaTextKindEnum, {
  name: 'PersonaTextKind',
  description: 'What a text of a persona tells.',
  valuesConfig: {
    TRAIT: { description: 'What the customers are like.' },
    INSIGHT: { description: 'What that means for the business.' },
    STRATEGY: { description: 'What to do.' },
    GOAL: { description: 'What to reach.' },
  },
});

const CONDITION =
  'Lists of labels by dimension, such as {"spend": ["HIGH"], "activity": ["LOW", "MEDIUM"]}: the persona has one of each list; {} is everybody.';
const TEXT =
  '1..500 characters; numbers of the segment in braces: {name} {size} {share} {spendMean} {spendMedian} {spendOverall} {spendRatio}, the same of frequency, recency and engagement, {ageMean} {ageMedian} {womenShare} {menShare} {city} {cityShare}. Left out for a segment that has no such number.';

@ObjectType('PersonaText', {
  implements: NodeInterface,
  simpleResolvers: true,
  description: 'What is said of personas with certain labels, in one language; edited as data.',
})
export class PersonaTextType extends NodeInterface {
  @Field(() => PersonaTextKindEnum, { description: 'What it tells.' })
  kind!: PersonaTextKind;
  @Field(() => String, { description: 'Language tag, such as en or zh.' })
  locale!: string;
  @Field(() => String, { description: 'The same in every language of this text.' })
  key!: string;
  @Field(() => JsonObject, { description: CONDITION })
  condition!: TextCondition;
  @Field(() => Int, { description: 'Order among those that hold, 0..9999.' })
  position!: number;
  @Field(() => String, { description: TEXT })
  text!: string;
  @Field(() => DateTime, { description: 'When it was last written.' })
  updatedAt!: Date;
  @Field(() => String, { description: '`shipped` until somebody edits it.' })
  updatedBy!: string;
}

/** Row to node. */
export function personaTextNode(text: PersonaText): PersonaTextType {
  return { ...text, id: encodeId('PersonaText', text.id) };
}

@InputType('PersonaTextInput', {
  description: 'A text; one of the same kind, key and language is written over.',
})
export class PersonaTextInputType {
  @Field(() => PersonaTextKindEnum, { description: 'What it tells.' })
  kind!: PersonaTextKind;
  @Field(() => String, { description: 'Language tag, such as en, zh or pt-BR.' })
  locale!: string;
  @Field(() => String, {
    description: '1..80 of a-z, 0-9, dot, dash and underscore; the same in every language.',
  })
  key!: string;
  @Field(() => JsonObject, { description: CONDITION })
  condition!: Record<string, unknown>;
  @Field(() => Int, {
    nullable: true,
    defaultValue: 1_000,
    description: 'Order among those that hold, 0..9999.',
  })
  position!: number | null;
  @Field(() => String, { description: TEXT })
  text!: string;
}

@ObjectType('PersonaTextPayload', {
  simpleResolvers: true,
  description: 'A text that was written or deleted, or why not.',
})
export class PersonaTextPayloadType {
  @Field(() => PersonaTextType, { nullable: true, description: 'The text; null when refused.' })
  text!: PersonaTextType | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}

@ObjectType('DeletedPersonaTextPayload', {
  simpleResolvers: true,
  description: 'Whether a text was deleted, or why not.',
})
export class DeletedPersonaTextPayloadType {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted text; null when refused.' })
  deletedId!: string | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}

@ObjectType('SegmentPayload', {
  simpleResolvers: true,
  description: 'A segment that was changed, or why not.',
})
export class SegmentPayloadType {
  @Field(() => SegmentType, {
    nullable: true,
    description: 'The segment in the live version; null when refused, or when it is not there now.',
  })
  segment!: SegmentType | null;
  @Field(() => [UserErrorType], { description: 'Why it was refused; empty when it was not.' })
  userErrors!: UserErrorType[];
}

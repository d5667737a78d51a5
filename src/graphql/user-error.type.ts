import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { UserErrorCode as Code } from '../kernel/error.js';

export const UserErrorCode = {
  INVALID: 'INVALID',
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'CONFLICT',
  FORBIDDEN: 'FORBIDDEN',
  TOO_LARGE: 'TOO_LARGE',
  UNAVAILABLE: 'UNAVAILABLE',
} as const;

registerEnumType(UserErrorCode, {
  name: 'UserErrorCode',
  description: 'What kind of thing went wrong, for a program to branch on.',
  valuesConfig: {
    INVALID: { description: 'A value is outside its bounds or of the wrong form.' },
    NOT_FOUND: { description: 'Nothing has this id, key or name.' },
    CONFLICT: { description: 'The state of the thing forbids it now.' },
    FORBIDDEN: {
      description: 'The role of the key does not allow it, or the customer was erased.',
    },
    TOO_LARGE: { description: 'More than the stated bound.' },
    UNAVAILABLE: { description: 'Something needed does not answer; try again later.' },
  },
});

@ObjectType('UserError', {
  simpleResolvers: true,
  description:
    'A failure that the caller can act on. Never used for bugs: those are masked GraphQL errors.',
})
export class UserErrorType {
  @Field(() => UserErrorCode, { description: 'What kind of failure.' })
  code!: Code;
  @Field(() => String, { description: 'A fact, the value and the bound, in one sentence.' })
  message!: string;
  @Field(() => [String], { description: 'The input field it is about, outermost first.' })
  path!: string[];
}

@ObjectType('RejectedRow', {
  simpleResolvers: true,
  description: 'A row of a call that was not taken; the others were.',
})
export class RejectedRowType {
  @Field(() => Int, { description: 'Position in the call, from 0.' })
  index!: number;
  @Field(() => UserErrorCode, { description: 'What kind of failure.' })
  code!: Code;
  @Field(() => String, { description: 'The field, the value and the bound.' })
  message!: string;
}

import { Field, ID, Int, ObjectType } from 'type-graphql';
import { NodeInterface } from '../graphql/node.type.js';
import { PageInfoType } from '../graphql/page.type.js';
import { DateTime, JsonObject } from '../graphql/scalars.js';

@ObjectType('KeptRejectedRow', {
  implements: NodeInterface,
  simpleResolvers: true,
  description:
    'A row of an import or of a call that was not taken, kept with its reason for 30 days. Without the permission to see personal data every value in `row`, and what `message` quotes of it, reads `[hidden]`.',
})
export class KeptRejectedRowType extends NodeInterface {
  @Field(() => String, {
    description:
      'The source named by the import; the name of the mutation for rows of a call, such as recordTickets.',
  })
  source!: string;
  @Field(() => ID, { nullable: true, description: 'The import it belongs to; null for a call.' })
  job!: string | null;
  @Field(() => ID, {
    nullable: true,
    description: 'External id of the customer it was about, where the row says.',
  })
  user!: string | null;
  @Field(() => Int, {
    description: 'Line of the file from 1, header counted; position in a call from 0.',
  })
  line!: number;
  @Field(() => String, { description: 'What kind of failure: a value of UserErrorCode.' })
  code!: string;
  @Field(() => String, { description: 'The field, the value and the bound.' })
  message!: string;
  @Field(() => JsonObject, {
    description:
      'The row as it came; texts are cut behind 500 characters, and it holds at most 300 values. Empty of a customer who was erased.',
  })
  row!: Record<string, unknown>;
  @Field(() => DateTime, { description: 'When it was not taken.' })
  at!: Date;
}

@ObjectType('RejectedRowConnection', {
  simpleResolvers: true,
  description: 'A page of rejected rows, newest first.',
})
export class RejectedRowConnectionType {
  @Field(() => [KeptRejectedRowType], { description: 'The rows of this page.' })
  nodes!: KeptRejectedRowType[];
  @Field(() => PageInfoType, { description: 'Where the page ends.' })
  pageInfo!: PageInfoType;
}

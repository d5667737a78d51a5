import { Field, ID, InterfaceType } from 'type-graphql';

@InterfaceType('Node', { description: 'Anything with an id that is unique over the whole graph.' })
export abstract class NodeInterface {
  @Field(() => ID, { description: 'Opaque; carries its type, for example `User:42`.' })
  id!: string;
}

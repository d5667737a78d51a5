import { Field, ObjectType } from 'type-graphql';

@ObjectType('PageInfo', {
  simpleResolvers: true,
  description: 'Where a page of a connection ends.',
})
export class PageInfoType {
  @Field(() => Boolean, { description: 'True when more follow after `endCursor`.' })
  hasNextPage!: boolean;
  @Field(() => String, { nullable: true, description: 'Pass as `after`; null for an empty page.' })
  endCursor!: string | null;
}

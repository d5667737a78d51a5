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

/** Of the argument `first` of a connection. */
export const PAGE_SIZE = { nullable: true, defaultValue: 20, description: 'Page size, 0..1,000.' };
/** Of the argument `after` of a connection. */
export const PAGE_AFTER = { nullable: true, description: '`endCursor` of the page before.' };

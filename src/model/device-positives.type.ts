import { Field, Int, ObjectType } from 'type-graphql';

@ObjectType('LinkedPositives', {
  simpleResolvers: true,
  description:
    'Labels of the customers of a device; those who opted out of profiling are not counted.',
})
export class LinkedPositivesType {
  @Field(() => Int, { description: 'Customers of whom an outcome of the model is known.' })
  known!: number;
  @Field(() => Int, { description: 'Those of them whose latest outcome is positive.' })
  positive!: number;
}

import { Ctx, Query, Resolver } from 'type-graphql';
import type { RequestContext, Viewer } from '../graphql/context.js';
import { ViewerType } from './access.type.js';

@Resolver(() => ViewerType)
export class AccessResolver {
  @Query(() => ViewerType, { description: 'Who asks, as the key or the session says.' })
  viewer(@Ctx() context: RequestContext): Viewer {
    return context.viewer;
  }
}

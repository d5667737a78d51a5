import { Arg, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { authorise } from '../../graphql/authorise.js';
import type { RequestContext } from '../../graphql/context.js';
import { decodeUuid, encodeId } from '../../kernel/id.js';
import { userError } from '../../kernel/error.js';
import type { ModelVersion } from '../../model/model.js';
import { segmentationNode, segmentNode } from '../segment-nodes.js';
import { writePersonaText } from './edit-persona-texts.js';
import { renameSegment, type RenameSegmentDeps } from './keep-names.js';
import type { PersonaTextStore } from './persona-text.store.js';
import {
  DeletedPersonaTextPayloadType,
  PersonaTextInputType,
  PersonaTextPayloadType,
  PersonaTextType,
  personaTextNode,
  SegmentPayloadType,
} from './persona-text.type.js';
import { canonicalLocale } from './persona-text.js';
import { STANDARD_SEGMENTATION } from '../segmentation.js';

/** What people write: texts of personas. */
@Resolver(() => PersonaTextType)
export class PersonaTextResolver {
  constructor(
    private readonly deps: Pick<PersonaTextStore, 'ofLocales' | 'upsert' | 'remove' | 'locales'>,
  ) {}

  @Query(() => [PersonaTextType], {
    description:
      'Every text of a language, or of all, by kind and order; at most 1,000 a language. A language without texts has none here; personas are then told in en.',
  })
  async personaTexts(
    @Arg('locale', () => String, {
      nullable: true,
      description: 'Language tag such as en or zh; all languages when left out.',
    })
    wanted: string | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<PersonaTextType[]> {
    authorise(context, 'segment:read');
    const tag = wanted ?? null;
    const asked = tag === null ? null : canonicalLocale(tag);
    const locales = tag === null ? await this.deps.locales() : asked === null ? [] : [asked];
    return (await this.deps.ofLocales(locales)).map(personaTextNode);
  }

  @Mutation(() => PersonaTextPayloadType, {
    description: 'Writes a text, over the one of its kind, key and language. Audited.',
  })
  async upsertPersonaText(
    @Arg('input', () => PersonaTextInputType, { description: 'The text.' })
    { kind, locale, key, condition, position, text }: PersonaTextInputType,
    @Ctx() context: RequestContext,
  ): Promise<PersonaTextPayloadType> {
    authorise(context, 'segment:write');
    const input = { kind, locale, key, condition, position: position ?? 1_000, text };
    const written = await writePersonaText(this.deps, input, context.viewer.name);
    return { text: written.text && personaTextNode(written.text), userErrors: written.errors };
  }

  @Mutation(() => DeletedPersonaTextPayloadType, {
    description: 'Deletes a text in its language; it does not come back with a start. Audited.',
  })
  async deletePersonaText(
    @Arg('id', () => ID, { description: '`PersonaText:<uuid>`.' }) id: string,
    @Ctx() context: RequestContext,
  ): Promise<DeletedPersonaTextPayloadType> {
    authorise(context, 'segment:write');
    const key = decodeUuid('PersonaText', id);
    const removed = key === null ? null : await this.deps.remove(key, context.viewer.name);
    if (removed) return { deletedId: encodeId('PersonaText', removed.id), userErrors: [] };
    const text = `no text has the id ${id.slice(0, 80)}`;
    return {
      deletedId: null,
      userErrors: [userError(key === null ? 'INVALID' : 'NOT_FOUND', text, 'id')],
    };
  }
}

export interface SegmentNameResolverDeps extends RenameSegmentDeps {
  inStage(modelIds: readonly string[], stage: 'PRODUCTION'): Promise<ModelVersion[]>;
}

/** What people write: names of segments. */
@Resolver()
export class SegmentNameResolver {
  constructor(private readonly deps: SegmentNameResolverDeps) {}

  @Mutation(() => SegmentPayloadType, {
    description:
      'Gives a segment a name, which stays with its key over re-runs and in every language. Audited.',
  })
  async renameSegment(
    @Arg('segmentation', () => String, {
      nullable: true,
      defaultValue: STANDARD_SEGMENTATION,
      description: 'Key of the segmentation.',
    })
    segmentation: string | null,
    @Arg('key', () => String, { description: 'Key of the segment.' }) key: string,
    @Arg('name', () => String, {
      description: '1..80 characters in one line; no other segment of the segmentation has it.',
    })
    name: string,
    @Ctx() context: RequestContext,
  ): Promise<SegmentPayloadType> {
    authorise(context, 'segment:write');
    const { model, error } = await renameSegment(this.deps, {
      segmentation: segmentation ?? STANDARD_SEGMENTATION,
      key,
      name,
      by: context.viewer.name,
    });
    if (error || !model) return { segment: null, userErrors: error ? [error] : [] };
    const [live] = await this.deps.inStage([model.id], 'PRODUCTION');
    return {
      segment: live ? segmentNode(segmentationNode(model, live), key) : null,
      userErrors: [],
    };
  }
}

import DataLoader from 'dataloader';
import { perRequest, type RequestContext } from '../../graphql/context.js';
import { translateName } from './name-words.js';
import { localeChain, TEXT_KINDS, type PersonaText, type PersonaTextKind } from './persona-text.js';
import type { PersonaTextStore } from './persona-text.store.js';
import type { PersonaLocale } from './rule-text.js';
import type { SegmentNameStore } from './segment-name.store.js';

/** The texts of a language, or of the one that stands in for it. */
export interface LocalTexts {
  /** The first of the tag itself, its language and English that has a text; en where none has. */
  locale: string;
  /** Of a kind that it has no text of, those of the next that has. */
  texts: readonly PersonaText[];
}

/** Names of segments by key, in a language. */
export type SegmentNames = ReadonlyMap<string, string>;

/** Per-request reads of what people edit; each is one statement a request. */
export interface PersonaLoaders {
  texts(context: RequestContext): DataLoader<string, LocalTexts>;
  /** Names of all segments that a segmentation has or had. Those that the rules gave are translated. */
  names(context: RequestContext, modelId: string, locale?: PersonaLocale): Promise<SegmentNames>;
}

interface NameRow {
  key: string;
  name: string;
  namedBy: string | null;
}

/** Of the first of the languages that has some. */
function textsOf(
  wanted: PersonaTextKind,
  chain: readonly string[],
  rows: readonly PersonaText[],
): PersonaText[] {
  const own = rows.filter(({ kind }) => kind === wanted);
  const locale = chain.find((each) => own.some((row) => row.locale === each));
  return own.filter((row) => row.locale === locale);
}

/** Makes the loaders; compose does this once. */
export function personaLoaders(
  deps: Pick<PersonaTextStore, 'ofLocales'> & Pick<SegmentNameStore, 'ofModels'>,
): PersonaLoaders {
  const texts = perRequest(
    () =>
      new DataLoader<string, LocalTexts>(async (tags) => {
        const chains = tags.map(localeChain);
        const rows = await deps.ofLocales([...new Set(chains.flat())]);
        return chains.map((chain) => {
          const locale = chain.find((each) => rows.some((row) => row.locale === each)) ?? 'en';
          return { locale, texts: TEXT_KINDS.flatMap((kind) => textsOf(kind, chain, rows)) };
        });
      }),
  );
  const names = perRequest(
    () =>
      new DataLoader<string, NameRow[]>(async (modelIds) => {
        const rows = await deps.ofModels(modelIds);
        return modelIds.map((id) => rows.filter(({ modelId }) => modelId === id));
      }),
  );
  return {
    texts,
    async names(context, modelId, locale = 'en') {
      const rows = await names(context).load(modelId);
      return new Map(
        rows.map(({ key, name, namedBy }) => [
          key,
          namedBy === null ? translateName(name, locale) : name,
        ]),
      );
    },
  };
}

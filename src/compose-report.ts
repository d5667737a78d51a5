import type { AuditStore } from './access/audit.store.js';
import type { composeJobs, composeModels, Plant } from './compose-models.js';
import { openPersonaLoaders } from './compose-persona-resolvers.js';
import { composeReportWork } from './compose-report-work.js';
import type { Segmentations } from './compose-segmentations.js';
import type { RequestContext } from './graphql/context.js';
import { auditFactsStore } from './report/audit-facts.store.js';
import type { ExperimentAccount } from './report/audit-report.js';
import { AuditReportResolver } from './report/audit-report.resolver.js';
import { gatherAudit } from './report/gather-audit.js';
import { ReportResolver } from './report/report.resolver.js';
import { dailyReportNode, type DailyReportNode } from './report/report-nodes.js';
import { tellDay } from './report/write-daily-report.js';
import type { PersonaLoaders } from './segment/persona/persona-loaders.js';
import { segmentationMarkdown } from './segment/persona/segment-markdown.js';

export interface ReportRoomParts {
  plant: Pick<Plant, 'db' | 'clock'>;
  jobs: Pick<ReturnType<typeof composeJobs>, 'once' | 'store'>;
  models: Pick<Awaited<ReturnType<typeof composeModels>>, 'store'>;
  segmentations: Segmentations;
  auditBySubjects: AuditStore['bySubjects'];
  /** What the room of experiments says of one by its key; null when there is none. */
  experimentReport(key: string): Promise<ExperimentAccount | null>;
}

/** Daily reports and reports for audit in the graph. */
export function composeReportRoom(parts: ReportRoomParts): {
  resolvers: object[];
  /** The report that a REPORT job wrote, for the result of the job. */
  dailyReportById(id: string): Promise<DailyReportNode | null>;
} {
  const { plant, jobs, models, segmentations } = parts;
  const wall = (): Date => plant.clock.wall();
  const { store, telling, request } = composeReportWork({ plant, jobs, segmentations });
  const personas = openPersonaLoaders(segmentations.personas);
  const facts = auditFactsStore(plant.db);
  return {
    resolvers: [
      new ReportResolver({
        byDate: store.byDate,
        page: store.page,
        tellDay: (date) => tellDay(telling, date),
        requestReport: request,
        job: jobs.store.get,
        wall,
      }),
      new AuditReportResolver({
        gatherAudit: (context, question) =>
          gatherAudit(
            {
              modelByName: models.store.registeredByName,
              versionPage: models.store.versionPage,
              inStage: models.store.inStage,
              auditBySubjects: parts.auditBySubjects,
              ...facts,
              segmentationMarkdown: segmentationPage(context, personas),
              experimentReport: parts.experimentReport,
              wall,
            },
            question,
          ),
      }),
    ],
    dailyReportById: async (id) => {
      const [report] = await store.byIds([id]);
      return report ? dailyReportNode(report) : null;
    },
  };
}

/** The segment room's own page, in English. */
function segmentationPage(
  context: RequestContext,
  personas: PersonaLoaders,
): Parameters<typeof gatherAudit>[0]['segmentationMarkdown'] {
  return async ({ id, name }, { version, algorithm, trainedAt: createdAt, stage }, report) => {
    const [{ locale: textLocale, texts }, names] = await Promise.all([
      personas.texts(context).load('en'),
      personas.names(context, id),
    ]);
    const live = stage === 'PRODUCTION';
    const told = { key: name, version, algorithm, createdAt, live, report };
    return segmentationMarkdown({ ...told, names, texts, locale: 'en', textLocale });
  };
}

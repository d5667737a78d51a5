import 'reflect-metadata';
import { expect, it } from 'vitest';
import type { RequestContext } from '../../src/graphql/context.js';
import { jobNode } from '../../src/job/job-node.js';
import type { Job } from '../../src/job/job.js';
import { JobResultResolver } from '../../src/report/job-result.resolver.js';

it('a look at the data leaves the tables, their rows, the worst status and the time', async () => {
  const resolver = new JobResultResolver({
    loaders: {} as never,
    selections: {} as never,
    segmentationById: () => Promise.resolve(null),
    driftReportById: () => Promise.resolve(null),
    driftReferenceById: () => Promise.resolve(null),
    dailyReportById: () => Promise.resolve(null),
  });
  const job = jobNode({
    id: '01900000-0000-7000-8000-00000000000a',
    kind: 'QUALITY',
    input: { tables: ['CUSTOMER', 'EVENT'] },
    result: { scanIds: [], status: 'WARNING', rows: 42, seconds: 1.5 },
  } as unknown as Job);
  expect(await resolver.result(job, {} as RequestContext)).toEqual({
    tables: ['CUSTOMER', 'EVENT'],
    rows: 42,
    status: 'WARNING',
    seconds: 1.5,
  });
});

import { parentPort, workerData } from 'node:worker_threads';
import { createPlanWork, runKMeans } from '../../numeric/kmeans.js';
import { beMember } from '../../numeric/team.js';
import type { KMeansTeamMember } from './kmeans-threads.js';

// A border: `fitKMeansByThreads` is the only one that starts the file.
const member = workerData as KMeansTeamMember;
const { plan } = member;

beMember(member, createPlanWork(plan), (team) => {
  parentPort?.postMessage(runKMeans(plan, team));
});

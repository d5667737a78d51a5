import { parentPort, workerData } from 'node:worker_threads';
import { createPlanWork, runKMeans } from '../../numeric/kmeans.js';
import { breakTeam, isBroken, joinTeam, leadTeam } from '../../numeric/team.js';
import type { KMeansTeamMember } from './kmeans-threads.js';

// A border: `fitKMeansByThreads` is the only one that starts the file.
const { isLeader, threads, control, plan } = workerData as KMeansTeamMember;
const work = createPlanWork(plan);

function lead(): void {
  try {
    parentPort?.postMessage(runKMeans(plan, leadTeam(control, threads, work)));
  } catch (error) {
    if (!isBroken(control)) throw error;
  }
}

function help(): void {
  try {
    joinTeam(control, work);
  } catch (error) {
    breakTeam(control);
    throw error;
  }
}

if (isLeader) lead();
else help();

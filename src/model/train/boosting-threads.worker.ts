import { parentPort, workerData } from 'node:worker_threads';
import { createBoostingWork } from '../../numeric/boosting-steps.js';
import { boost } from '../../numeric/boosting.js';
import { breakTeam, isBroken, joinTeam, leadTeam } from '../../numeric/team.js';
import type { LeaderMessage, TeamMember } from './boosting-threads.js';

function say(message: LeaderMessage): void {
  parentPort?.postMessage(message);
}

// A border: `fitByThreads` is the only one that starts the file.
const { isLeader, threads, control, block, validation } = workerData as TeamMember;
const work = createBoostingWork(block);

function lead(): void {
  const onRound = (round: number, loss: number | null): void => {
    say({ kind: 'round', round, loss });
  };
  try {
    const options = { onRound, ...(validation && { validation }) };
    say({ kind: 'fit', fit: boost(block, leadTeam(control, threads, work), options) });
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

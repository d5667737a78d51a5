import { parentPort, workerData } from 'node:worker_threads';
import { createBoostingWork } from '../../numeric/boosting-steps.js';
import { boost } from '../../numeric/boosting.js';
import { beMember } from '../../numeric/team.js';
import type { LeaderMessage, TeamMember } from './boosting-threads.js';

function say(message: LeaderMessage): void {
  parentPort?.postMessage(message);
}

// A border: `fitByThreads` is the only one that starts the file.
const member = workerData as TeamMember;
const { block, validation } = member;

beMember(member, createBoostingWork(block), (team) => {
  const onRound = (round: number, loss: number | null): void => {
    say({ kind: 'round', round, loss });
  };
  const options = { onRound, ...(validation && { validation }) };
  say({ kind: 'fit', fit: boost(block, team, options) });
});

/**
 * How the threads of one computation share its steps. A step is a number of tasks that may be done in any
 * order by anybody; the leader publishes it, everybody takes tasks until none is left, and the leader
 * goes on when all are done. What a task computes must not depend on who does it.
 */
export type DoTask = (step: number, task: number) => void;

/** The leader's end. */
export interface Team {
  threads: number;
  /**
   * Does all tasks of the step. `cost` is about the number of additions in it: a step that is not worth
   * waking anybody for is done by the leader alone.
   * @throws Error when another thread has failed
   */
  run: (step: number, tasks: number, cost: number) => void;
}

/** Tasks of a step at most. */
export const MAX_TASKS = 4095;

// Places in the control block.
const TICKET = 0;
const STEP = 1;
const TASKS = 2;
const DONE = 3;
const STATE = 4;
export const CONTROL_LENGTH = 16;

const RUNNING = 0;
const ENDED = 1;
const FAILED = 2;

/** A ticket and the number of tasks carry the number of their step above these bits. */
const TASK_BITS = 12;
/** Additions below which a step is done by the leader alone: a sleeping thread takes that long to wake. */
const WORTH_SHARING = 40_000;
/** Looks at the control block, about 20 microseconds, before a thread goes to sleep. */
const LOOKS = 4000;
/** A sleeping leader looks for failed threads this often. */
const CHECK_MILLISECONDS = 100;

/** A team of one. */
export function workAlone(work: DoTask): Team {
  return {
    threads: 1,
    run: (step, tasks) => {
      for (let task = 0; task < tasks; task++) work(step, task);
    },
  };
}

/** Leads a team of `threads` that share `control`, zeroed, CONTROL_LENGTH numbers of shared memory. */
export function leadTeam(control: Int32Array, threads: number, work: DoTask): Team {
  let turn = 0;
  const alone = workAlone(work);
  return {
    threads,
    run: (step, tasks, cost) => {
      if (tasks < 2 || cost < WORTH_SHARING) {
        alone.run(step, tasks, cost);
        return;
      }
      turn = (turn + 1) & 0x7ffff;
      Atomics.store(control, DONE, 0);
      Atomics.store(control, STEP, step);
      Atomics.store(control, TASKS, (turn << TASK_BITS) | tasks);
      // Last: from here on the tasks can be taken.
      Atomics.store(control, TICKET, turn << TASK_BITS);
      Atomics.notify(control, TICKET);
      while (takeTask(control, work) !== NOTHING);
      waitForAll(control, tasks);
    },
  };
}

/** Works with the leader until the team is dismissed. @throws whatever a task throws */
export function joinTeam(control: Int32Array, work: DoTask): void {
  let idle = 0;
  for (;;) {
    const ticket = takeTask(control, work);
    if (Atomics.load(control, STATE) !== RUNNING) return;
    if (ticket === TAKEN) idle = 0;
    else if (++idle > LOOKS) {
      const seen = Atomics.load(control, TICKET);
      if (!hasTask(control, seen)) Atomics.wait(control, TICKET, seen, CHECK_MILLISECONDS);
    }
  }
}

/**
 * What a thread of a team does: the leader leads, anybody else works with it until the team is dismissed. A leader whose
 * team is lost ends quietly, for whoever broke the team says why. @throws whatever a task, or leading, throws
 */
export function beMember(
  member: { isLeader: boolean; threads: number; control: Int32Array },
  work: DoTask,
  lead: (team: Team) => void,
): void {
  const { isLeader, threads, control } = member;
  try {
    if (isLeader) lead(leadTeam(control, threads, work));
    else joinTeam(control, work);
  } catch (error) {
    if (isLeader && isBroken(control)) return;
    if (!isLeader) breakTeam(control);
    throw error;
  }
}

/** Sends everybody home: the work is done. */
export function dismissTeam(control: Int32Array): void {
  Atomics.compareExchange(control, STATE, RUNNING, ENDED);
  Atomics.notify(control, TICKET);
  Atomics.notify(control, DONE);
}

/** Makes the leader throw and everybody else leave: a thread of the team is lost. */
export function breakTeam(control: Int32Array): void {
  Atomics.store(control, STATE, FAILED);
  Atomics.notify(control, TICKET);
  Atomics.notify(control, DONE);
}

/** Whether a thread of the team is lost. */
export function isBroken(control: Int32Array): boolean {
  return Atomics.load(control, STATE) === FAILED;
}

const TAKEN = 1;
const NOTHING = 0;

function hasTask(control: Int32Array, ticket: number): boolean {
  const tasks = Atomics.load(control, TASKS);
  return tasks >>> TASK_BITS === ticket >>> TASK_BITS && (ticket & MAX_TASKS) < (tasks & MAX_TASKS);
}

/** Takes and does one task. Step and task count are read before the ticket is, so they belong to it. */
function takeTask(control: Int32Array, work: DoTask): number {
  for (;;) {
    const ticket = Atomics.load(control, TICKET);
    if (!hasTask(control, ticket)) return NOTHING;
    const step = Atomics.load(control, STEP);
    if (Atomics.compareExchange(control, TICKET, ticket, ticket + 1) !== ticket) continue;
    work(step, ticket & MAX_TASKS);
    const done = Atomics.add(control, DONE, 1) + 1;
    if (done === (Atomics.load(control, TASKS) & MAX_TASKS)) Atomics.notify(control, DONE);
    return TAKEN;
  }
}

function waitForAll(control: Int32Array, tasks: number): void {
  for (let look = 0; ; look++) {
    const done = Atomics.load(control, DONE);
    if (Atomics.load(control, STATE) !== RUNNING) {
      throw new Error('a thread of the team ended before the work was done');
    }
    if (done === tasks) return;
    if (look > LOOKS) Atomics.wait(control, DONE, done, CHECK_MILLISECONDS);
  }
}

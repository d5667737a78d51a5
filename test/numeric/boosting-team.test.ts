import { describe, expect, test } from 'vitest';
import {
  breakTeam,
  CONTROL_LENGTH,
  dismissTeam,
  isBroken,
  joinTeam,
  leadTeam,
  MAX_TASKS,
  workAlone,
} from '../../src/numeric/team.js';

function newControl(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * CONTROL_LENGTH));
}

describe('a team of threads', () => {
  test('alone, one thread does every task of a step once and in order', () => {
    const done: string[] = [];
    workAlone((step, task) => done.push(`${String(step)}.${String(task)}`)).run(4, 3, 1);
    expect(done).toEqual(['4.0', '4.1', '4.2']);
  });

  test('a leader whom nobody helps does every task of every step once', () => {
    const control = newControl();
    const done: number[] = [];
    const team = leadTeam(control, 3, (step, task) => done.push(step * 10_000 + task));
    const expected: number[] = [];
    for (const [step, tasks] of [5, MAX_TASKS, 1, 2].entries()) {
      team.run(step, tasks, 1e9);
      for (let task = 0; task < tasks; task++) expected.push(step * 10_000 + task);
    }
    expect(done).toEqual(expected);
  });

  test('a task taken by a helper is not done again by the leader', () => {
    const control = newControl();
    const done: string[] = [];
    let isHelping = false;
    const team = leadTeam(control, 2, (_step, task) => {
      done.push(`leader ${String(task)}`);
      if (task !== 1 || isHelping) return;
      isHelping = true;
      // In the middle of the leader's task: a helper comes, takes what is left and is then sent home.
      joinTeam(control, (_other, taken) => {
        done.push(`helper ${String(taken)}`);
        if (taken === 3) dismissTeam(control);
      });
    });
    // Dismissed in the middle of a step: the leader says so instead of waiting.
    expect(() => team.run(1, 4, 1e9)).toThrow('a thread of the team ended');
    expect(done).toEqual(['leader 0', 'leader 1', 'helper 2', 'helper 3']);
  });

  test('a broken team makes the leader throw and the helper leave', () => {
    const control = newControl();
    const team = leadTeam(control, 2, () => undefined);
    breakTeam(control);
    expect(isBroken(control)).toBe(true);
    expect(() => team.run(0, 2, 1e9)).toThrow(
      'a thread of the team ended before the work was done',
    );
    joinTeam(control, () => undefined); // returns at once
    dismissTeam(control);
    expect(isBroken(control)).toBe(true);
  });
});

import { describe, expect, it, test } from 'vitest';
import type { RuleCheck } from '../../src/model/judge/judgement.js';
import type { Model, ModelVersion } from '../../src/model/model.js';
import {
  promoteVersion,
  rollBackModel,
  type MoveVersionDeps,
} from '../../src/model/move-version.js';
import { recordedChecks, violatedRules } from '../../src/model/promotion-gate.js';
import { versionRecord } from './version-record.js';

const model = { id: 'model', name: 'churn' } as Model;
const keep: RuleCheck = {
  ...{ name: 'regulars stay', rows: 20, violations: 3, tolerance: 0, veto: true, met: false },
};
const WHY = 'rule regulars stay (3 of the 20 test rows it covers are called positive)';

function version(id: string, number: number, ruleChecks: RuleCheck[] | undefined): ModelVersion {
  return {
    ...{ id, modelId: 'model', version: number, promotedAt: new Date(number) },
    ...{ stage: number === 2 ? 'PRODUCTION' : 'ARCHIVED', report: versionRecord({ ruleChecks }) },
  } as unknown as ModelVersion;
}

/** Version 1 is what is moved; version 2 is in production. */
function gate(rules: RuleCheck[] | undefined) {
  const versions = [version('one', 1, rules), version('two', 2, [])];
  const moved: { stage: string; comment: string | null }[] = [];
  const deps: MoveVersionDeps = {
    modelByName: () => Promise.resolve(model),
    versionById: (id) => Promise.resolve(versions.find((each) => each.id === id) ?? null),
    allVersions: () => Promise.resolve(versions),
    move: ({ stage, comment }) => {
      moved.push({ stage, comment });
      return Promise.resolve({ version: { ...versions[0], stage } as ModelVersion, error: null });
    },
    publishModel: () => undefined,
    tryOut: () => Promise.resolve(),
  };
  return { deps, moved };
}

describe('the gate before production', () => {
  interface Row {
    says: string;
    rules: RuleCheck[] | undefined;
    stage?: 'PRODUCTION' | 'SHADOW' | 'ARCHIVED';
    override?: boolean;
    comment?: string;
    /** What is written down when it passes, or why not. */
    written?: string | null;
    refused?: { code: string; message: string };
  }
  const conflict = {
    code: 'CONFLICT',
    message: `version 1 violates ${WHY}; an administrator may override this with overrideRules and a comment`,
  };
  const rows: Row[] = [
    { says: 'no rules, no question', rules: [], written: null },
    { says: 'a record from before there were rules passes', rules: undefined, written: null },
    { says: 'met rules pass', rules: [{ ...keep, violations: 0, met: true }], written: null },
    {
      says: 'a rule without a veto only informs',
      rules: [{ ...keep, veto: false }],
      written: null,
    },
    { says: 'a violated veto keeps it out', rules: [keep], refused: conflict },
    {
      says: 'a comment alone overrides nothing',
      rules: [keep],
      comment: 'please',
      refused: conflict,
    },
    {
      ...{ says: 'an override needs a comment', rules: [keep], override: true },
      refused: { code: 'INVALID', message: `overrideRules needs a comment: ${WHY} is violated` },
    },
    {
      ...{
        says: 'an override with a blank comment has none',
        rules: [keep],
        override: true,
        comment: ' ',
      },
      refused: { code: 'INVALID', message: `overrideRules needs a comment: ${WHY} is violated` },
    },
    {
      ...{ says: 'an override with a comment is told apart', rules: [keep], override: true },
      ...{ comment: 'sale', written: 'overrode rule regulars stay: sale' },
    },
    {
      ...{ says: 'an override where nothing is violated is none', rules: [], override: true },
      ...{ comment: 'sale', written: 'sale' },
    },
    {
      ...{ says: 'a rule that cannot be checked is no rule that is met' },
      rules: [{ ...keep, rows: 0, violations: 0, unknownFeatures: ['vaule'] }],
      refused: {
        code: 'CONFLICT',
        message: expect.stringContaining('cannot be checked: vaule is no input of the version'),
      },
    },
    { says: 'the shadow needs no rules', rules: [keep], stage: 'SHADOW', written: null },
    { says: 'the archive needs no rules', rules: [keep], stage: 'ARCHIVED', written: null },
  ];

  test.each(rows)('$says', async ({ rules, stage = 'PRODUCTION', ...row }) => {
    const { deps, moved } = gate(rules);
    const result = await promoteVersion(deps, {
      ...{ versionId: 'one', stage, actor: 'me', comment: row.comment ?? null },
      overrideRules: row.override ?? false,
    });
    expect(result.userErrors).toMatchObject(row.refused ? [row.refused] : []);
    expect(moved).toEqual(row.refused ? [] : [{ stage, comment: row.written }]);
  });

  test.each(rows.filter(({ stage }) => !stage))('$says, on the way back too', async (row) => {
    const { deps, moved } = gate(row.rules);
    const result = await rollBackModel(deps, {
      ...{ model: 'churn', actor: 'me', comment: row.comment ?? null },
      overrideRules: row.override ?? false,
    });
    expect(result.userErrors).toMatchObject(row.refused ? [row.refused] : []);
    expect(moved).toEqual(row.refused ? [] : [{ stage: 'PRODUCTION', comment: row.written }]);
  });
});

it('what the gate looks at can be told from the record', () => {
  const report = versionRecord({
    parity: { rows: 40, worstDifference: 3e-7 },
    ruleChecks: [{ ...keep, tolerance: 0.01, veto: false }],
    targets: [{ metric: 'recall', goal: 0.8, value: 0.71234, met: false }],
  });
  expect(recordedChecks({ id: 'v', report })).toEqual([
    {
      ...{ name: 'parity', met: true, blocks: true },
      detail:
        'the graph and the predictor differ by at most 3.0e-7 in probability on 40 rows, 0.00001 is allowed',
    },
    {
      ...{ name: 'rule regulars stay', met: false, blocks: false },
      detail: '3 of the 20 test rows it covers are called positive, 1 % are allowed',
    },
    {
      ...{ name: 'target recall', met: false, blocks: false },
      detail: '0.7123 on the test part, goal 0.8',
    },
  ]);
});

it('parity is not told of a version that has no predictor of ours', () => {
  const report = versionRecord({ parity: { rows: 0, worstDifference: 0 } });
  expect(recordedChecks({ id: 'v', report })).toEqual([]);
  expect(violatedRules({ report })).toEqual([]);
});

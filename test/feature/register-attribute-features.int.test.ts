import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { featureNotes } from '../../src/cli/import/command.js';
import {
  registerAttributeFeatures,
  snakeCase,
} from '../../src/feature/register-attribute-features.js';
import { manualClock } from '../../src/kernel/clock.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { featureFixture, type FeatureFixture } from '../support/feature-fixture.js';

let database: TestDatabase;
let fixture: FeatureFixture;

beforeAll(async () => {
  database = await testDatabase();
  fixture = featureFixture(database.db, manualClock(new Date('2026-06-01T00:00:00Z')));
  await fixture.seed();
});
afterAll(() => database.drop());

describe('registerAttributeFeatures', () => {
  it('registers what is new, keeps what computes the attribute already, and skips identifiers', async () => {
    const register = registerAttributeFeatures({
      registry: fixture.features.all,
      register: fixture.register,
    });
    const attributes = [
      { name: 'MonthlyCharges', type: 'numerical', distinct: 1500, rows: 7000 },
      { name: 'Contract', type: 'categorical', distinct: 3, rows: 7000 },
      { name: 'Partner', type: 'boolean', distinct: 2, rows: 7000 },
      { name: 'age', type: 'numerical', distinct: 50, rows: 7000 },
      { name: 'Gender', type: 'categorical', distinct: 2, rows: 7000 },
      { name: 'customerID', type: 'categorical', distinct: 7000, rows: 7000 },
    ] as const;
    const first = await register(attributes, 'import key');
    expect(first).toEqual({
      registered: ['monthly_charges', 'contract', 'partner', 'gender_2'],
      numbered: [{ attribute: 'Gender', name: 'gender_2' }],
      kept: ['age'],
      skipped: [
        {
          attribute: 'customerID',
          reason: 'looks like an identifier: 7000 distinct texts in 7000 rows',
        },
      ],
    });
    expect(featureNotes(first)).toEqual([
      '4 attribute features registered: monthly_charges, contract, partner, gender_2',
      'Gender is gender_2: that name was taken',
      'features that were there already: age',
      'customerID becomes no feature: looks like an identifier: 7000 distinct texts in 7000 rows',
    ]);
    const again = await register(attributes, 'import key');
    expect(again).toMatchObject({
      registered: [],
      kept: ['monthly_charges', 'contract', 'partner', 'age', 'gender_2'],
    });
    expect(await fixture.features.byName('contract')).toMatchObject({
      type: 'CATEGORICAL',
      status: 'APPROVED',
      owner: 'import key',
      definition: { kind: 'attribute', name: 'Contract', as: 'text' },
    });
  });

  it.each([
    ['MonthlyCharges', 'monthly_charges'],
    ['StreamingTV', 'streaming_tv'],
    ['HTTPStatusCode', 'http_status_code'],
    ['% of VAT', 'of_vat'],
    ['Größe', 'gro_e'],
    ['3rd party', 'attribute_3rd_party'],
    ['城市', 'attribute'],
  ])('names %s as %s', (attribute, name) => {
    expect(snakeCase(attribute)).toBe(name);
  });
});

import { DAY_MS } from '../../src/kernel/clock.js';
import { seededRandom } from '../../src/kernel/random.js';
import type { LabCustomer } from '../support/drift-lab.js';

/** The day that customers register from. */
export const START = Date.UTC(2026, 0, 1);

interface Law {
  /** Added to `top`, and to `idle`. */
  top?: number;
  idle?: number;
  /** Share of rows without `top`. */
  missing?: number;
  plan?: string;
}

/** `top` makes the label, `idle` does nothing, `plan` hardly anything. Registered evenly over the days. */
export function customers(
  prefix: string,
  count: number,
  from: number,
  days: number,
  law: Law = {},
) {
  const random = seededRandom(count + from);
  return Array.from({ length: count }, (_, i): LabCustomer & { positive: boolean } => {
    const base = random.normal();
    const isMissing = random.next() < (law.missing ?? 0);
    return {
      externalId: `${prefix}-${i}`,
      registeredAt: new Date(START + (from + (days * i) / count) * DAY_MS),
      attributes: {
        ...(isMissing ? {} : { top: base + (law.top ?? 0) }),
        idle: random.normal() + (law.idle ?? 0),
        plan: law.plan ?? ['basic', 'plus', 'pro'][random.int(3)] ?? '',
      },
      positive: base + 0.3 * random.normal() > 0,
    };
  });
}

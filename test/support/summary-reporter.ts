import type { Reporter, TestModule } from 'vitest/node';

/** Prints `N passed, N failed` (and skipped) as the last line of a run. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tally = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) tally.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') tally.passed += 1;
        else if (state === 'failed') tally.failed += 1;
        else tally.skipped += 1;
      }
    }
    const line = `${tally.passed} passed, ${tally.failed} failed`;
    const tail = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
    process.on('exit', () => process.stdout.write(`\n${line}${tail}\n`));
  }
}

import { describe, expect, it } from 'vitest';
import { barText, clockText, progressBar } from '../../../src/cli/import/progress-bar.js';

describe('the progress bar', () => {
  it('shows share, rows, rate and the time left', () => {
    expect(barText('importing', { rows: 50_000, share: 0.25 }, 2)).toBe(
      'importing [######..................]  25 %  50,000 rows, 25,000/s, 0:06 left',
    );
  });

  it.each([
    [7, '0:07'],
    [750, '12:30'],
    [3_723, '1:02:03'],
  ])('writes %i seconds as %s', (seconds, text) => {
    expect(clockText(seconds)).toBe(text);
  });

  it('writes nothing where there is no terminal', () => {
    const written: string[] = [];
    const bar = progressBar(
      { isTTY: false, write: (text) => written.push(text) },
      'x',
      () => 0,
      true,
    );
    bar.update({ rows: 1, share: 0.5 });
    bar.clear();
    expect(written).toEqual([]);
  });

  it('draws at most ten times a second, in one line, without colour when told', () => {
    const written: string[] = [];
    let now = 0;
    const terminal = { isTTY: true, columns: 40, write: (text: string) => written.push(text) };
    const bar = progressBar(terminal, 'importing', () => now, false);
    for (now = 0; now <= 1_000; now += 10) bar.update({ rows: now, share: now / 1_000 });
    expect(written).toHaveLength(11);
    for (const text of written) {
      expect(text.startsWith('\r\u001b[2K')).toBe(true);
      expect(text.length - 5).toBeLessThan(40);
      expect(text).not.toMatch(/\u001b\[3/);
    }
    bar.clear();
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });
});

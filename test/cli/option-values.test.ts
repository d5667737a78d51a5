import { describe, expect, it } from 'vitest';
import { instant, listOf, oneOf, wholeNumber } from '../../src/cli/option-values.js';

describe('values of options', () => {
  it.each(['abc', '', '1.5', '0', '3651', '-5', '1e3', 'NaN'])(
    'refuses %j where a whole number 1..3650 is wanted',
    (text) => {
      expect(() => wholeNumber(1, 3650)(text)).toThrow('It must be a whole number 1..3650.');
    },
  );
  it('takes a whole number at its bounds', () => {
    expect([wholeNumber(1, 3650)('1'), wholeNumber(1, 3650)('3650')]).toEqual([1, 3650]);
  });
  it('takes a day as its first instant and an instant with its zone', () => {
    expect(instant('1997-10-01')).toBe('1997-10-01T00:00:00.000Z');
    expect(instant('1997-10-01T02:00:00+02:00')).toBe('1997-10-01T00:00:00.000Z');
  });
  it.each(['nonsense', 'tomorrow', '2030-13-45', '2026-02-30', '1997-10-01T12:00', '1997'])(
    'refuses %j as an instant',
    (text) => {
      expect(() => instant(text)).toThrow('It must be an ISO day or instant with its zone');
    },
  );
  it('takes words in either case and names those there are', () => {
    expect(listOf(['logistic', 'boosting'])('Boosting, logistic')).toEqual([
      'boosting',
      'logistic',
    ]);
    expect(oneOf(['BEHAVIOUR', 'OUTCOMES'])('outcomes')).toBe('OUTCOMES');
    expect(() => listOf(['logistic', 'boosting'])('foo')).toThrow('logistic, boosting');
    expect(() => oneOf(['BEHAVIOUR', 'OUTCOMES'])('BEHAVIOUR,OUTCOMES')).toThrow('one of');
  });
});

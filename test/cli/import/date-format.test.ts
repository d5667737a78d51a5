import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantReader } from '../../../src/cli/import/date-format.js';

const read = (format: string | null, text: string | number): string =>
  new Date(instantReader(format)(text)).toISOString();

describe('reading instants', () => {
  it.each<[string | null, string | number, string]>([
    [null, '1997-01-12', '1997-01-12T00:00:00.000Z'],
    [null, '2019-10-01 00:00:05 UTC', '2019-10-01T00:00:05.000Z'],
    [null, '2019-10-01T02:00+02:00', '2019-10-01T00:00:00.000Z'],
    [null, '2019-10-01T02:00:01.123456Z', '2019-10-01T02:00:01.123Z'],
    [null, '2019-10-01T24:00', '2019-10-02T00:00:00.000Z'],
    [null, '0099-03-01', '0099-03-01T00:00:00.000Z'],
    ['YYYYMMDD', '19970112', '1997-01-12T00:00:00.000Z'],
    ['DD/MM/YYYY HH:mm', '01/12/2010 08:26', '2010-12-01T08:26:00.000Z'],
    ['M/D/YYYY H:mm', '12/1/2010 8:26', '2010-12-01T08:26:00.000Z'],
    ['M/D/YY h:mm A', '12/1/10 12:05 am', '2010-12-01T00:05:00.000Z'],
    ['D MMM YYYY hh:mm:ss A', '3 September 2021 01:02:03 PM', '2021-09-03T13:02:03.000Z'],
    ['YYYY-MM-DD HH:mm:ss Z', '2021-01-01 00:00:00 -05:30', '2021-01-01T05:30:00.000Z'],
    ['epoch', '1262304000', '2010-01-01T00:00:00.000Z'],
    ['epoch', 1262304000.5, '2010-01-01T00:00:00.500Z'],
    ['epoch-ms', '1262304000123', '2010-01-01T00:00:00.123Z'],
  ])('reads %s of %j as %s', (format, text, instant) => {
    expect(read(format, text)).toBe(instant);
  });

  it.each<[string | null, string, RegExp]>([
    [null, '2021-02-29', /"2021-02-29" is no ISO date/],
    [null, '19970112', /give the format YYYYMMDD/],
    [null, '1262304000', /give the format epoch if seconds/],
    [null, '1262304000123', /epoch-ms/],
    [null, '1/12/2010 8:26', /DD\/MM\/YYYY HH:mm/],
    ['DD/MM/YYYY', '30/02/2020', /"30\/02\/2020" is no date of the form DD\/MM\/YYYY/],
    ['DD/MM/YYYY', '2020-01-01', /is no date of the form/],
    ['hh:mm DD/MM/YYYY', '13:00 01/01/2020', /is no date of the form/],
    ['epoch', 'soon', /no number of seconds since 1970/],
  ])('refuses %s of %s', (format, text, message) => {
    expect(() => read(format, text)).toThrow(message);
  });

  it('wants year, month and day in a format', () => {
    expect(() => instantReader('HH:mm')).toThrow(/must name year, month and day/);
  });

  it('reads back every instant that JavaScript prints', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(read(null, date.toISOString())).toBe(date.toISOString());
        },
      ),
    );
  });
});

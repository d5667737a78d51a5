import { AppError } from '../../kernel/error.js';
import { cellText, RowError, type Cell } from './cell.js';

/** Reads an instant: milliseconds since 1970 UTC. Throws RowError with the value and the form that was expected. */
export type InstantReader = (cell: Cell) => number;

type Part =
  | 'YYYY'
  | 'YY'
  | 'MMM'
  | 'MM'
  | 'M'
  | 'DD'
  | 'D'
  | 'HH'
  | 'H'
  | 'hh'
  | 'h'
  | 'mm'
  | 'ss'
  | 'SSS'
  | 'A'
  | 'Z';

const PATTERNS: Readonly<Record<Part, string>> = {
  YYYY: '(\\d{4})',
  YY: '(\\d{2})',
  MMM: '([A-Za-z]{3})[a-z]*\\.?',
  MM: '(\\d{2})',
  M: '(\\d{1,2})',
  DD: '(\\d{2})',
  D: '(\\d{1,2})',
  HH: '(\\d{2})',
  H: '(\\d{1,2})',
  hh: '(\\d{2})',
  h: '(\\d{1,2})',
  mm: '(\\d{2})',
  ss: '(\\d{2})',
  SSS: '(\\d{1,6})',
  A: '([AaPp])\\.?[Mm]\\.?',
  Z: '(Z|[+-]\\d{2}:?\\d{2})',
};
const PARTS = /YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|h|mm|ss|SSS|A|Z/g;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?$/;
/** 0001-01-01 and 9999-12-31T23:59:59.999Z: what both JavaScript and the database can hold and print plainly. */
const EARLIEST = -62135596800000;
const LATEST = 253402300799999;

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  ms: number;
  offsetMinutes: number;
}

function instantOf(f: Fields): number | null {
  if (f.month < 1 || f.month > 12 || f.hour > 24 || f.minute > 59 || f.second > 59) return null;
  if (f.day < 1 || f.day > new Date(Date.UTC(2000 + (f.year % 400), f.month, 0)).getUTCDate())
    return null;
  if (f.hour === 24 && (f.minute > 0 || f.second > 0)) return null;
  const base = new Date(0);
  base.setUTCFullYear(f.year, f.month - 1, f.day);
  const instant =
    base.getTime() + ((f.hour * 60 + f.minute - f.offsetMinutes) * 60 + f.second) * 1000 + f.ms;
  return instant >= EARLIEST && instant <= LATEST ? instant : null;
}

function offsetOf(text: string | undefined): number {
  if (text === undefined || text === 'Z' || text === 'UTC') return 0;
  const digits = text.slice(1).replace(':', '').padEnd(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return text.startsWith('-') ? -minutes : minutes;
}

function readIso(text: string): number | null {
  const m = ISO.exec(text);
  if (!m) return null;
  return instantOf({
    year: Number(m[1]),
    month: Number(m[2]),
    day: Number(m[3]),
    hour: Number(m[4] ?? 0),
    minute: Number(m[5] ?? 0),
    second: Number(m[6] ?? 0),
    ms: Number((m[7] ?? '').padEnd(3, '0').slice(0, 3)),
    offsetMinutes: offsetOf(m[8]),
  });
}

function hint(text: string): string {
  if (/^\d{8}$/.test(text)) return '; give the format YYYYMMDD if that is meant';
  if (/^\d{10}$/.test(text)) return '; give the format epoch if seconds since 1970 are meant';
  if (/^\d{13}$/.test(text))
    return '; give the format epoch-ms if milliseconds since 1970 are meant';
  if (/^\d{1,2}[/.]\d{1,2}[/.]\d{4}/.test(text))
    return '; give a format such as DD/MM/YYYY HH:mm or M/D/YYYY H:mm';
  return '';
}

/** Midnight UTC where only a day is given; a text without an offset is UTC. */
function isoReader(cell: Cell): number {
  const text = cellText(cell);
  const instant = readIso(text);
  if (instant === null)
    throw new RowError(
      `${JSON.stringify(text.slice(0, 60))} is no ISO date or instant${hint(text)}`,
    );
  return instant;
}

function epochReader(unitMs: 1 | 1000): InstantReader {
  return (cell) => {
    const value = typeof cell === 'number' ? cell : Number(cellText(cell) || 'x');
    const instant = Math.round(value * unitMs);
    if (!(instant >= EARLIEST && instant <= LATEST))
      throw new RowError(
        `${JSON.stringify(cell)} is no number of ${unitMs === 1 ? 'milliseconds' : 'seconds'} since 1970`,
      );
    return instant;
  };
}

function assign(fields: Fields, part: Part, text: string): boolean {
  const value = Number(text);
  switch (part) {
    case 'YYYY':
      fields.year = value;
      return true;
    case 'YY':
      fields.year = value + (value < 70 ? 2000 : 1900);
      return true;
    case 'MMM':
      fields.month = MONTHS.indexOf(text.toLowerCase()) + 1;
      return fields.month > 0;
    case 'MM':
    case 'M':
      fields.month = value;
      return true;
    case 'DD':
    case 'D':
      fields.day = value;
      return true;
    case 'HH':
    case 'H':
      fields.hour = value;
      return true;
    case 'hh':
    case 'h':
      fields.hour += value % 12;
      return value >= 1 && value <= 12;
    case 'mm':
      fields.minute = value;
      return true;
    case 'ss':
      fields.second = value;
      return true;
    case 'SSS':
      fields.ms = Number(text.padEnd(3, '0').slice(0, 3));
      return true;
    case 'A':
      fields.hour += text.toLowerCase() === 'p' ? 12 : 0;
      return true;
    case 'Z':
      fields.offsetMinutes = offsetOf(text);
      return true;
  }
}

/**
 * A reader for instants in `format`; UTC unless the text carries an offset.
 * null or "ISO": ISO 8601 (a blank for the T, " UTC" and a missing time allowed); "epoch" (seconds), "epoch-ms";
 * otherwise a pattern of YYYY YY MMM MM M DD D HH H hh h mm ss SSS A Z, everything else standing for itself.
 * @throws AppError INVALID when the format has no year, month or day
 */
export function instantReader(format: string | null): InstantReader {
  if (format === null || format.toUpperCase() === 'ISO') return isoReader;
  if (format === 'epoch' || format === 'epoch-s') return epochReader(1000);
  if (format === 'epoch-ms') return epochReader(1);
  const parts: Part[] = [];
  let pattern = '';
  let end = 0;
  for (const found of format.matchAll(PARTS)) {
    const part = found[0] as Part;
    pattern += escape(format.slice(end, found.index)) + PATTERNS[part];
    parts.push(part);
    end = found.index + part.length;
  }
  pattern += escape(format.slice(end));
  if (!['Y', 'M', 'D'].every((letter) => parts.some((part) => part.startsWith(letter))))
    throw new AppError(
      'INVALID',
      `the date format "${format}" must name year, month and day: for example YYYYMMDD, DD/MM/YYYY HH:mm, ISO, epoch or epoch-ms`,
    );
  const regexp = new RegExp(`^${pattern}$`);
  return (cell) => {
    const text = cellText(cell);
    const m = regexp.exec(text);
    const fields: Fields = {
      year: 0,
      month: 0,
      day: 0,
      hour: 0,
      minute: 0,
      second: 0,
      ms: 0,
      offsetMinutes: 0,
    };
    const right = m !== null && parts.every((part, i) => assign(fields, part, m[i + 1] ?? ''));
    const instant = right ? instantOf(fields) : null;
    if (instant === null)
      throw new RowError(`${JSON.stringify(text.slice(0, 60))} is no date of the form ${format}`);
    return instant;
  };
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&').replace(/\s+/g, '\\s+');
}

import { AppError } from '../../kernel/error.js';
import { cellText, isBlank, numberIn, RowError, type Cell } from './cell.js';
import type { CellGetter, Columns } from './columns.js';
import { instantReader } from './date-format.js';
import type { Expression } from './expression.js';

/** How many values a function takes, and how it is made. */
export interface FunctionRule {
  least: number;
  most: number;
  make(
    items: readonly CellGetter[],
    expressions: readonly Expression[],
    describe: (expression: Expression) => string,
    columns: Columns,
  ): CellGetter;
}

const MANY = 100;
const NOTHING: CellGetter = () => null;

function onText(apply: (text: string) => Cell): FunctionRule {
  return {
    least: 1,
    most: 1,
    make: ([of = NOTHING]) => {
      return (cells) => {
        const cell = of(cells);
        return isBlank(cell) ? null : apply(cellText(cell));
      };
    },
  };
}

function onNumbers(least: number, most: number, apply: (values: number[]) => number): FunctionRule {
  return {
    least,
    most,
    make: (items, expressions, describe) => {
      const names = expressions.map(describe);
      return (cells) => {
        const values: number[] = [];
        for (let i = 0; i < items.length; i++) {
          const value = numberIn((items[i] ?? NOTHING)(cells), names[i] ?? 'a value');
          if (value === null) return null;
          values.push(value);
        }
        return apply(values);
      };
    },
  };
}

function onTwoTexts(apply: (text: string, part: string) => boolean): FunctionRule {
  return {
    least: 2,
    most: 2,
    make: ([of = NOTHING, part = NOTHING]) => {
      return (cells) => apply(cellText(of(cells)), cellText(part(cells)));
    },
  };
}

/** A constant text among the values, needed when the function is made (a format, a decimal sign). */
function constant(expression: Expression | undefined, what: string): string | null {
  if (expression === undefined) return null;
  if (expression.kind !== 'text')
    throw new AppError('INVALID', `${what} must be a text in 'quotes'`);
  return expression.value;
}

/** `number(text)` or `number(text, ',')`, where the second is the decimal sign; blanks, ' and the other sign group digits. */
const numberRule: FunctionRule = {
  least: 1,
  most: 2,
  make: ([of = NOTHING], expressions, describe) => {
    const decimal = constant(expressions[1], 'the decimal sign of number()');
    if (decimal !== null && decimal !== '.' && decimal !== ',')
      throw new AppError(
        'INVALID',
        `the decimal sign of number() must be '.' or ',', got '${decimal}'`,
      );
    const what = expressions[0] ? describe(expressions[0]) : 'a value';
    if (decimal === null) return (cells) => numberIn(of(cells), what);
    const group = decimal === ',' ? /[.\s'’]/g : /[,\s'’]/g;
    return (cells) => {
      const cell = of(cells);
      if (typeof cell !== 'string') return numberIn(cell, what);
      return numberIn(cell.replace(group, '').replace(decimal, '.'), what);
    };
  },
};

/** `date(text)` or `date(text, 'DD/MM/YYYY')`: the instant as ISO text, so that it sorts and prints. */
const dateRule: FunctionRule = {
  least: 1,
  most: 2,
  make: ([of = NOTHING], expressions) => {
    const read = instantReader(constant(expressions[1], 'the format of date()'));
    return (cells) => {
      const cell = of(cells);
      return isBlank(cell) ? null : new Date(read(cell)).toISOString();
    };
  },
};

/** `line()`: the line of the file that the row begins on, as rejected rows name it; the header is line 1. */
const lineRule: FunctionRule = {
  least: 0,
  most: 0,
  make: (_items, _expressions, _describe, columns) => columns.lines?.() ?? NOTHING,
};

/** The functions of the import expressions. Blank in, blank out, unless said otherwise. */
export const FUNCTIONS: Readonly<Record<string, FunctionRule | undefined>> = {
  lower: onText((text) => text.toLowerCase()),
  upper: onText((text) => text.toUpperCase()),
  trim: onText((text) => text.trim()),
  text: onText((text) => text),
  length: onText((text) => text.length),
  number: numberRule,
  date: dateRule,
  line: lineRule,
  abs: onNumbers(1, 1, ([value = 0]) => Math.abs(value)),
  floor: onNumbers(1, 1, ([value = 0]) => Math.floor(value)),
  ceil: onNumbers(1, 1, ([value = 0]) => Math.ceil(value)),
  round: onNumbers(1, 2, ([value = 0, digits = 0]) =>
    Number(value.toFixed(Math.min(15, Math.max(0, digits)))),
  ),
  min: onNumbers(1, MANY, (values) => Math.min(...values)),
  max: onNumbers(1, MANY, (values) => Math.max(...values)),
  contains: onTwoTexts((text, part) => text.includes(part)),
  startswith: onTwoTexts((text, part) => text.startsWith(part)),
  endswith: onTwoTexts((text, part) => text.endsWith(part)),
  replace: {
    least: 3,
    most: 3,
    make: ([of = NOTHING, from = NOTHING, to = NOTHING]) => {
      return (cells) =>
        cellText(of(cells)).replaceAll(cellText(from(cells)), () => cellText(to(cells)));
    },
  },
  concat: {
    least: 1,
    most: MANY,
    make: (items) => (cells) => items.map((item) => cellText(item(cells))).join(''),
  },
  coalesce: {
    least: 1,
    most: MANY,
    make: (items) => (cells) => {
      for (const item of items) {
        const cell = item(cells);
        if (!isBlank(cell)) return cell;
      }
      return null;
    },
  },
  if: {
    least: 3,
    most: 3,
    make: ([test = NOTHING, yes = NOTHING, no = NOTHING]) => {
      return (cells) => {
        const answer = test(cells);
        if (typeof answer !== 'boolean')
          throw new RowError('the first value of if() must be a comparison');
        return answer ? yes(cells) : no(cells);
      };
    },
  },
};

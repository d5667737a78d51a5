import { AppError } from '../../kernel/error.js';
import { tokenize, type Token } from './tokens.js';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%';

/** A parsed expression over the columns of one row. */
export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'text'; value: string }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'column'; name: string; quoted: boolean }
  | { kind: 'negate'; of: Expression }
  | { kind: 'not'; of: Expression }
  | { kind: 'empty'; of: Expression; negated: boolean }
  | { kind: 'in'; of: Expression; items: Expression[]; negated: boolean }
  | { kind: 'arithmetic'; operator: Arithmetic; left: Expression; right: Expression }
  | { kind: 'comparison'; operator: Comparison; left: Expression; right: Expression }
  | { kind: 'logic'; operator: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'call'; name: string; items: Expression[] };

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const KEYWORDS = new Set(['and', 'or', 'not', 'is', 'in', 'empty', 'true', 'false']);

/** How tightly an operator binds, loosest first. */
const POWER = { or: 1, and: 2, not: 3, compare: 4, add: 5, multiply: 6, negate: 7 } as const;
const MAX_DEPTH = 100;

/**
 * Parses an expression such as `Quantity * UnitPrice`, `Churn = Yes`, `lower(country) in ('de', 'at') and not id is empty`.
 * @throws AppError INVALID that shows the text, the place and what was expected there
 */
export function parseExpression(text: string): Expression {
  return new Parser(text).whole();
}

/** The names of the columns an expression reads, and whether it asks for emptiness itself. */
export function readsOf(expression: Expression): { columns: string[]; asksEmpty: boolean } {
  const columns: string[] = [];
  let asksEmpty = false;
  const visit = (e: Expression): void => {
    switch (e.kind) {
      case 'column':
        columns.push(e.name);
        return;
      case 'negate':
      case 'not':
        visit(e.of);
        return;
      case 'empty':
        asksEmpty = true;
        visit(e.of);
        return;
      case 'in':
        [e.of, ...e.items].forEach(visit);
        return;
      case 'arithmetic':
      case 'comparison':
      case 'logic':
        [e.left, e.right].forEach(visit);
        return;
      case 'call':
        e.items.forEach(visit);
        return;
      case 'number':
      case 'text':
      case 'boolean':
        return;
    }
  };
  visit(expression);
  return { columns, asksEmpty };
}

/** A Pratt parser (Pratt 1973): one loop, a binding power for each infix operator. */
class Parser {
  private readonly tokens: Token[];
  private next = 0;
  private depth = 0;

  constructor(private readonly text: string) {
    this.tokens = tokenize(text);
  }

  whole(): Expression {
    const expression = this.expression(0);
    if (this.peek().kind !== 'end') this.fail('an operator or the end');
    return expression;
  }

  private peek(ahead = 0): Token {
    return this.tokens[this.next + ahead] ?? { kind: 'end', at: this.text.length };
  }

  private fail(expected: string): never {
    const token = this.peek();
    const found = token.kind === 'end' ? 'it ends' : `${JSON.stringify(token.value)} stands there`;
    throw new AppError(
      'INVALID',
      `in "${this.text}": expected ${expected} at place ${token.at + 1}, but ${found}`,
    );
  }

  private isSign(value: string): boolean {
    const token = this.peek();
    return token.kind === 'sign' && token.value === value;
  }

  private word(ahead = 0): string | null {
    const token = this.peek(ahead);
    return token.kind === 'name' && !token.quoted ? token.value.toLowerCase() : null;
  }

  private takeWord(word: string): boolean {
    if (this.word() !== word) return false;
    this.next++;
    return true;
  }

  private expectSign(value: string): void {
    if (!this.isSign(value)) this.fail(`"${value}"`);
    this.next++;
  }

  private expression(power: number): Expression {
    if (++this.depth > MAX_DEPTH)
      throw new AppError('INVALID', `an expression nests at most ${MAX_DEPTH} deep`);
    let left = this.prefix();
    for (;;) {
      const extended = this.infix(left, power);
      if (extended === null) break;
      left = extended;
    }
    this.depth--;
    return left;
  }

  private prefix(): Expression {
    const token = this.peek();
    if (token.kind === 'number' || token.kind === 'text') {
      this.next++;
      return token.kind === 'number'
        ? { kind: 'number', value: token.value }
        : { kind: 'text', value: token.value };
    }
    if (token.kind === 'sign') {
      this.next++;
      if (token.value === '-') return { kind: 'negate', of: this.expression(POWER.negate) };
      if (token.value === '+') return this.expression(POWER.negate);
      if (token.value === '(') {
        const inner = this.expression(0);
        this.expectSign(')');
        return inner;
      }
      this.next--;
    }
    return token.kind === 'name'
      ? this.name(token.value, token.quoted)
      : this.fail('a column, a number, a text or "("');
  }

  private name(value: string, quoted: boolean): Expression {
    const word = quoted ? null : value.toLowerCase();
    this.next++;
    if (word === 'not') return { kind: 'not', of: this.expression(POWER.not) };
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' };
    if (!quoted && this.isSign('(') && !(word !== null && KEYWORDS.has(word)))
      return { kind: 'call', name: value.toLowerCase(), items: this.items() };
    if (word !== null && KEYWORDS.has(word)) {
      this.next--;
      this.fail('a column (a column of this name stands in `backquotes`)');
    }
    return { kind: 'column', name: value, quoted };
  }

  private items(): Expression[] {
    this.expectSign('(');
    const items: Expression[] = [];
    if (!this.isSign(')')) {
      do items.push(this.expression(0));
      while (this.isSign(',') && this.next++ >= 0);
    }
    this.expectSign(')');
    return items;
  }

  private infix(left: Expression, power: number): Expression | null {
    const token = this.peek();
    if (token.kind === 'sign') return this.operator(left, token.value, power);
    const word = this.word();
    if ((word === 'and' || word === 'or') && POWER[word] > power) {
      this.next++;
      return { kind: 'logic', operator: word, left, right: this.expression(POWER[word]) };
    }
    if (POWER.compare <= power) return null;
    if (word === 'is') {
      this.next++;
      const negated = this.takeWord('not');
      if (!this.takeWord('empty')) this.fail('"empty" or "not empty"');
      return { kind: 'empty', of: left, negated };
    }
    const negated = word === 'not' && this.word(1) === 'in';
    if (word !== 'in' && !negated) return null;
    this.next += negated ? 2 : 1;
    return { kind: 'in', of: left, items: this.items(), negated };
  }

  private operator(left: Expression, sign: string, power: number): Expression | null {
    const comparison = COMPARISONS[sign];
    if (comparison !== undefined) {
      if (POWER.compare <= power) return null;
      this.next++;
      const right = this.expression(POWER.compare);
      return { kind: 'comparison', operator: comparison, left, right };
    }
    const binds = sign === '+' || sign === '-' ? POWER.add : POWER.multiply;
    switch (sign) {
      case '+':
      case '-':
      case '*':
      case '/':
      case '%': {
        if (binds <= power) return null;
        this.next++;
        return { kind: 'arithmetic', operator: sign, left, right: this.expression(binds) };
      }
      default:
        return null;
    }
  }
}

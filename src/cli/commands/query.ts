import type { Command } from 'commander';
import { AppError } from '../../kernel/error.js';
import type { CliContext } from '../context.js';
import { postGraphql } from '../remote.js';

/** Errors of the operation as it was written, not of its run. */
const MISTAKES: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'TOO_LARGE',
]);

/** `query 'GRAPHQL'`: one operation, pretty-printed; exit code 1 when the answer holds errors, 2 when it was written wrong. */
export function addQueryCommand(program: Command, context: CliContext): void {
  program
    .command('query')
    .description('send one GraphQL operation and print the answer')
    .argument('<graphql>', "the operation, for example '{ viewer { name role } }'")
    .option('--variables <json>', 'variables as a JSON object', '{}')
    .action(async (query: string, options: { variables: string }) => {
      let variables: Record<string, unknown>;
      try {
        variables = JSON.parse(options.variables) as Record<string, unknown>;
      } catch (cause) {
        throw new AppError('INVALID', `--variables is not JSON: ${options.variables}`, { cause });
      }
      const answer = await postGraphql(await context.remote(), query, variables);
      context.output.line(JSON.stringify(answer, null, context.output.json ? 0 : 2));
      const codes = (answer.errors ?? []).map((error) => error.extensions?.code ?? '');
      if (codes.length > 0) process.exitCode = codes.some((code) => MISTAKES.has(code)) ? 2 : 1;
    });
}

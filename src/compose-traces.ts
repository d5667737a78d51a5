import fs from 'node:fs';
import path from 'node:path';
import { jobPayload } from './job/job.messages.js';
import type { Clock } from './kernel/clock.js';
import type { DatabaseOptions } from './plant/database.js';
import type { Metrics } from './plant/metrics.js';
import { projectRoot } from './plant/paths.js';
import type { Log } from './plant/ports.js';
import type { QueueTracing } from './plant/queue.js';
import { statementName } from './plant/traced-statement.js';
import { openTraces, type Traces } from './plant/traces.js';
import type { ScorerOptions } from './scorer/scorer.js';

/** Our own version, as package.json has it. */
export function ownVersion(): string {
  const text = fs.readFileSync(path.join(projectRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version?: string }).version ?? 'unknown';
}

/** Traces where the setting names a collector; null, and nothing loaded, where it does not. */
export async function openTracesOf(
  url: string | null,
  service: string,
  log: Pick<Log, 'warn'>,
): Promise<Traces | null> {
  if (url === null) return null;
  return openTraces({ url, service: { name: service, version: ownVersion() }, log });
}

/** What the pool tells of each statement; nothing where nobody wants to know. */
export function onStatement(
  clock: Pick<Clock, 'monotonicMs'>,
  metrics: Pick<Metrics, 'sqlStatement' | 'sqlAnswer'> | null,
  traces: Pick<Traces, 'child'> | null,
): Pick<DatabaseOptions, 'onStatement'> {
  if (!metrics && !traces) return {};
  return {
    onStatement: (statement) => {
      metrics?.sqlStatement();
      const startedMs = clock.monotonicMs();
      const span = traces?.child(statementName(statement), { 'db.system.name': 'postgresql' });
      return (failed) => {
        metrics?.sqlAnswer(failed ? 'error' : 'ok', (clock.monotonicMs() - startedMs) / 1000);
        span?.end({ failed });
      };
    },
  };
}

/** A span a call of the scorer, from the question to the answer: the wait for a run is part of it. */
export function scorerTracing(traces: Pick<Traces, 'child'>): NonNullable<ScorerOptions['onCall']> {
  return ({ kind, sha256, rows }) => {
    const span = traces.child(`onnx ${kind}`, { 'augury.rows': rows, 'augury.artifact': sha256 });
    return (runs) => {
      span?.end({ failed: runs === 0, facts: { 'augury.runs': runs } });
    };
  };
}

/** Work from a queue goes on in the trace in which it was asked for; what recurs begins one. */
export function queueTracing(traces: Traces): QueueTracing {
  return {
    carried: () => traces.current(),
    async run({ queue, attempt, payload, carried }, work) {
      const job = jobPayload.safeParse(payload);
      const facts = {
        'messaging.destination.name': queue,
        'augury.attempt': attempt,
        ...(job.success ? { 'augury.job.id': job.data.jobId } : {}),
      };
      const parent = carried === null ? null : { traceparent: carried };
      const span = traces.open(`work ${queue}`, facts, parent);
      try {
        await span.run(work);
        span.end();
      } catch (error) {
        span.end({ failed: true });
        throw error;
      }
    },
  };
}

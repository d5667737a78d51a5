import type { AuditEntry } from '../access/audit.store.js';
import { escapeMarkdown } from '../kernel/escape.js';
import { cardTable } from './card-format.js';

/** Who approved and changed something, as a section of a report for audit; newest first. */
export function approvalsMarkdown(entries: readonly AuditEntry[]): string {
  const heading = '## Approvals and changes';
  if (entries.length === 0) return `${heading}\n\nNobody has approved or changed it.`;
  const rows = newestFirst(entries).map(({ at, actor, action, subject, detail }) => [
    at.toISOString(),
    ...[actor, action, subject, detailText(detail)].map(escapeMarkdown),
  ]);
  return `${heading}\n\n${cardTable(['when', 'who', 'what', 'of', 'detail'], rows)}`;
}

/** Entries of several subjects as one trail. */
export function newestFirst(entries: readonly AuditEntry[]): AuditEntry[] {
  return [...entries].sort((a, b) => b.at.getTime() - a.at.getTime());
}

function detailText(detail: Record<string, unknown>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('; ');
}

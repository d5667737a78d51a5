import type { AlertSnapshot } from '../alert.js';
import type { Channel, ChannelMessage } from './channel.js';
import { oneLine } from './one-line.js';
import type { PostJson } from './post-json.js';

/** Where events go unless told otherwise. */
export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

const ACTIONS: Record<AlertSnapshot['status'], 'trigger' | 'acknowledge' | 'resolve'> = {
  PENDING: 'trigger',
  FIRING: 'trigger',
  ACKNOWLEDGED: 'acknowledge',
  SILENCED: 'acknowledge', // stops calling people and stays open
  RESOLVED: 'resolve',
};

const SEVERITIES: Record<AlertSnapshot['severity'], 'info' | 'warning' | 'error' | 'critical'> = {
  LOW: 'info',
  MEDIUM: 'warning',
  HIGH: 'error',
  CRITICAL: 'critical',
};

/** PagerDuty's Events API v2: an alert is one incident there, whatever becomes of it. */
export function pagerdutyChannel(
  settings: { name: string; routingKey: string; url: string },
  deps: { post: PostJson },
): Channel {
  const url = new URL(settings.url);
  return {
    name: settings.name,
    kind: 'PAGERDUTY',
    target: url.origin,
    most: 1, // an event is about one incident
    send: (message, signal) =>
      deps.post(url, JSON.stringify(pagerdutyEvent(message, settings.routingKey)), {}, signal),
  };
}

/** The event of a message, which holds one alert or is a test. */
export function pagerdutyEvent(message: ChannelMessage, routingKey: string): object {
  const [alert] = message.alerts;
  const event = { routing_key: routingKey, client: 'Augury' };
  const source = 'augury';
  if (!alert) {
    const summary = 'A test of this channel by Augury';
    const payload = { summary, source, severity: 'info', timestamp: message.at.toISOString() };
    return { ...event, event_action: 'trigger', dedup_key: `augury-test-${message.id}`, payload };
  }
  const { metric, value, threshold, comparison, labels } = alert;
  return {
    ...event,
    event_action: ACTIONS[alert.status],
    dedup_key: alert.id,
    payload: {
      summary: oneLine(alert.summary, 1_024),
      source,
      severity: SEVERITIES[alert.severity],
      timestamp: alert.at,
      class: metric,
      custom_details: { value, threshold, comparison, labels, status: alert.status },
    },
  };
}

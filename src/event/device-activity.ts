/** What happened on a device strictly before an instant. */
export interface DeviceActivity {
  /** Earliest sighting or statement before the instant; null when there is none. */
  firstAt: Date | null;
  /** Latest event before the instant; null without one. */
  lastEventAt: Date | null;
  /** Instant of the first event; null without one. */
  firstEventAt: Date | null;
  /** Customers first seen with it before the instant. */
  users: number;
  events: number;
  transactions: number;
  sessions: number;
}

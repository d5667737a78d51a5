import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../graphql/scalars.js';
import { UserErrorType } from '../../graphql/user-error.type.js';
import type { ChannelKind } from './channel.js';
import type { DeliveryStatus as Status } from './delivery.js';

export const DeliveryStatus = {
  QUEUED: 'QUEUED',
  DELIVERED: 'DELIVERED',
  FAILED: 'FAILED',
} as const;

registerEnumType(DeliveryStatus, {
  name: 'DeliveryStatus',
  description: 'How far telling a channel has come.',
  valuesConfig: {
    QUEUED: { description: 'Not told yet; tried again until it works, for up to three days.' },
    DELIVERED: { description: 'The receiver has confirmed it.' },
    FAILED: { description: 'Given up; `lastError` says why.' },
  },
});

export const AlertChannelKind = {
  WEBHOOK: 'WEBHOOK',
  SLACK: 'SLACK',
  EMAIL: 'EMAIL',
  PAGERDUTY: 'PAGERDUTY',
} as const;

registerEnumType(AlertChannelKind, {
  name: 'AlertChannelKind',
  description: 'How a channel tells.',
  valuesConfig: {
    WEBHOOK: { description: 'Signed JSON to a URL.' },
    SLACK: { description: 'An incoming webhook of Slack or of what speaks its language.' },
    EMAIL: { description: 'Mail through an SMTP server.' },
    PAGERDUTY: { description: "PagerDuty's Events API v2." },
  },
});

@ObjectType('Delivery', {
  simpleResolvers: true,
  description: 'What became of telling a channel of one change of an alert.',
})
export class DeliveryType {
  @Field(() => String, { description: 'Name of the channel.' })
  channel!: string;
  @Field(() => Int, { description: 'Of the alert: which of its changes was told, from 0.' })
  revision!: number;
  @Field(() => DeliveryStatus, { description: 'How far it has come.' })
  status!: Status;
  @Field(() => Int, { description: 'Attempts so far.' })
  attempts!: number;
  @Field(() => String, { nullable: true, description: 'Why the last attempt failed.' })
  lastError!: string | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'When the receiver confirmed it, real time.',
  })
  deliveredAt!: Date | null;
}

@ObjectType('AlertChannel', {
  simpleResolvers: true,
  description: 'A way to tell people or programs of alerts; channels are configured in a file.',
})
export class AlertChannelType {
  @Field(() => String, { description: 'What rules call it.' })
  name!: string;
  @Field(() => AlertChannelKind, { description: 'How it tells.' })
  kind!: ChannelKind;
  @Field(() => String, { description: 'Where it leads, without secrets.' })
  target!: string;
  @Field(() => Boolean, {
    description: 'Whether the last attempt got there, or none was made yet.',
  })
  healthy!: boolean;
  @Field(() => Int, { description: 'Failures in a row; after 5 it rests between probes.' })
  failures!: number;
  @Field(() => String, { nullable: true, description: 'What the receiver last complained of.' })
  lastError!: string | null;
  @Field(() => DateTime, {
    nullable: true,
    description: 'Nothing is sent before, real time; null: it does not rest.',
  })
  openUntil!: Date | null;
}

@ObjectType('TestAlertChannelPayload', {
  simpleResolvers: true,
  description: 'How a test of a channel went.',
})
export class TestAlertChannelPayloadType {
  @Field(() => Boolean, { description: 'Whether the receiver has confirmed it.' })
  delivered!: boolean;
  @Field(() => String, { nullable: true, description: 'Why it did not get there.' })
  error!: string | null;
  @Field(() => [UserErrorType], { description: 'Why nothing was sent.' })
  userErrors!: UserErrorType[];
}

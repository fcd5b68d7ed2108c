import { createHmac } from 'node:crypto';
import { type CloudEventType, cloudEventTypes } from '@dialog/contracts/cloud-event-type';
import type { Audience } from '@dialog/contracts/dialog-event';

/**
 * The subjects of events on NATS, two trees of them:
 *
 * `dialogporten.events.v1.owner.<org>.<resource>.<type>.<dialogId>` for service owners and
 * `dialogporten.events.v1.party.<partyKey>.<org>.<resource>.<type>.<dialogId>` for end users and their systems.
 *
 * What comes first is what rights are given on; what comes last is what a subscriber narrows down further. So one
 * filter with wildcards serves every use, and more than one per consumer is more than nats-server 2.9 can do.
 */
const root = 'dialogporten.events.v1';

/** The subjects of all events: what the stream stores. */
export const allEvents = `${root}.>`;

/** The two trees, with what a subject has in place of each name in braces. */
export const subjectTrees: Readonly<Record<Audience, string>> = {
  owner: `${root}.owner.{org}.{resource}.{type}.{dialogId}`,
  party: `${root}.party.{partyKey}.{org}.{resource}.{type}.{dialogId}`,
};

/** What both trees have in common, in the form in which the dialog has it. */
export type Topic = {
  org: string;
  /** With or without its prefix `urn:altinn:resource:`. */
  serviceResource: string;
  type: CloudEventType;
  dialogId: string;
};

export function ownerSubject(topic: Topic): string {
  return `${root}.owner.${topicTokens(topic)}`;
}

/** @param partyKey of the dialog's party, see {@link partyKeyOf} */
export function partySubject(partyKey: string, topic: Topic): string {
  return `${root}.party.${partyKey}.${topicTokens(topic)}`;
}

function topicTokens({ org, serviceResource, type, dialogId }: Topic): string {
  return `${token(org)}.${resourceToken(serviceResource)}.${typeToken(type)}.${token(dialogId)}`;
}

/** Which events a subscriber wants; what is left out may be anything. */
export type TopicFilter = Partial<Topic>;

/** What a service owner subscribes to: its own events, narrowed down by the filter. */
export function ownerFilter(filter: TopicFilter & Pick<Topic, 'org'>): string {
  return [root, 'owner', ...filterTokens(filter)].join('.');
}

/** What the end users of a party subscribe to. */
export function partyFilter(partyKey: string, filter: TopicFilter = {}): string {
  return [root, 'party', partyKey, ...filterTokens(filter)].join('.');
}

function filterTokens({ org, serviceResource, type, dialogId }: TopicFilter): string[] {
  const tokens = [
    org === undefined ? '*' : token(org),
    serviceResource === undefined ? '*' : resourceToken(serviceResource),
    type === undefined ? '*' : typeToken(type),
    dialogId === undefined ? '*' : token(dialogId),
  ];
  const named = tokens.findLastIndex((part) => part !== '*') + 1;
  return named === tokens.length ? tokens : [...tokens.slice(0, named), '>'];
}

const partyKeyHexDigits = 32;

/**
 * What stands for a party in subjects: 128 bits of an HMAC-SHA256 of its URN, in hex.
 *
 * Subjects end up in logs, metrics and consumer names, where no identity number may stand. The key keeps them from
 * being found by hashing all eleven-digit numbers. With another secret every party gets another key: subscribers'
 * filters then match nothing that is published from there on.
 */
export function partyKeyOf(party: string, secret: string): string {
  return createHmac('sha256', secret).update(party).digest('hex').slice(0, partyKeyHexDigits);
}

const resourcePrefix = 'urn:altinn:resource:';

function resourceToken(serviceResource: string): string {
  return token(
    serviceResource.startsWith(resourcePrefix) ? serviceResource.slice(resourcePrefix.length) : serviceResource,
  );
}

const typeTokens = new Map(
  cloudEventTypes.map((type) => [type, type.replace(/^dialogporten\.dialog\.(.+)\.v1$/, '$1').replaceAll('.', '-')]),
);

/** `dialogporten.dialog.activity.form-submitted.v1` is `activity-form-submitted`. */
export function typeToken(type: CloudEventType): string {
  return typeTokens.get(type) ?? token(type);
}

const unsafe = /[^A-Za-z0-9_~-]/gu;

/**
 * One token of a subject. Everything but letters, digits and `-_~` of ASCII is written as its UTF-8 bytes in the
 * percent encoding of URLs (RFC 3986), with `.` and `*` included: NATS gives them, `>` and white space a meaning.
 * Nothing at all becomes a lone `%`, for no token may be empty.
 */
function token(text: string): string {
  return text === '' ? '%' : text.replace(unsafe, percentEncoded);
}

function percentEncoded(character: string): string {
  return Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '%$&');
}

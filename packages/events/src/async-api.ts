import { cloudEventSchema } from '@dialog/contracts/cloud-event';
import { audiencesOfType, type CloudEventType, cloudEventTypes } from '@dialog/contracts/cloud-event-type';
import type { Audience } from '@dialog/contracts/dialog-event';
import { z } from 'zod';
import { cloudEventMediaType } from './cloud-event.ts';
import { messageHeaders } from './message-headers.ts';
import { eventStream } from './stream.ts';
import { subjectTrees, typeToken } from './subjects.ts';

/** What a channel is called, and whose it is. */
const channels = {
  owner: { name: 'ownerEvents', title: 'Events for service owners', of: 'its own dialogs, and of no others' },
  party: { name: 'partyEvents', title: 'Events for parties', of: 'dialogs that the party can see at that moment' },
} as const satisfies Record<Audience, { name: string; title: string; of: string }>;

/** Where service owners and end users subscribe, below the address of the gateway. */
const subscriptionPaths = ['/api/v1/serviceowner/events/subscriptions', '/api/v1/enduser/events/subscriptions'];

const audiences: readonly Audience[] = ['owner', 'party'];

/**
 * Everything that a subscriber can get, as AsyncAPI 3: the subjects of both audiences, the message of each type of event
 * with its headers and the JSON Schema of its body, and how one gets in. Made from the contract, so that it tells what is
 * published.
 *
 * @param publicUrl where clients reach the gateway
 */
export function asyncApiDocument({ publicUrl }: { publicUrl: string | undefined }) {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Dialogporten on a queue: events',
      version: 'v1',
      description:
        'Every change of a dialog that is not silent, as CloudEvents 1.0 in their JSON form. The events of a dialog ' +
        'come in the order of its changes, each at least once; `id` tells a repetition. Members may be added: leave ' +
        'alone what you do not know.',
      ...(publicUrl !== undefined && { externalDocs: { url: `${publicUrl}/docs`, description: 'The HTTP API.' } }),
    },
    defaultContentType: cloudEventMediaType,
    servers: {
      nats: {
        host: '{address}',
        protocol: 'nats',
        title: 'NATS JetStream',
        description:
          `The events are in the JetStream stream \`${eventStream}\`. An access token is exchanged for credentials that ` +
          `last some minutes, by POST to \`${subscriptionPaths.join('` or `')}\`. The answer tells where NATS is, and on ` +
          'which subjects one gets one’s part of the channels, as the same messages.',
        variables: { address: { description: 'Host and port, as that answer has them.', default: 'localhost:4222' } },
        security: [{ $ref: '#/components/securitySchemes/natsUser' }],
      },
    },
    channels: Object.fromEntries(audiences.map((audience) => [channels[audience].name, channelOf(audience)])),
    operations: Object.fromEntries(
      audiences.map((audience) => [
        `send${audience === 'owner' ? 'Owner' : 'Party'}Events`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${channels[audience].name}` },
          summary: `Tells ${audience === 'owner' ? 'a service owner' : 'a party'} what has become of ${channels[audience].of}.`,
        },
      ]),
    ),
    components: {
      messages: Object.fromEntries(cloudEventTypes.map((type) => [type, messageOf(type)])),
      schemas: {
        ...Object.fromEntries(cloudEventTypes.map((type) => [type, eventSchemaOf(type)])),
        headers: jsonSchemaOf(messageHeaders),
      },
      securitySchemes: {
        natsUser: {
          type: 'asymmetricEncryption',
          description:
            'A NATS user JWT, and a nonce of the server signed with the user’s key (a `.creds` file has both).',
        },
      },
    },
  };
}

/** JSON Schema (draft 7, as AsyncAPI has it) of the events of a type; undefined when there is no such type. */
export function findEventSchema(name: string): object | undefined {
  const type = cloudEventTypes.find((known) => known === name);
  if (type === undefined) return undefined;
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: type, ...eventSchemaOf(type) };
}

function channelOf(audience: Audience) {
  const { title } = channels[audience];
  const types = cloudEventTypes.filter((type) => audiencesOfType(type).includes(audience));
  const description =
    'In place of a parameter stands one token: what is not a letter, a digit, `-`, `_` or `~` of ASCII is percent-encoded.';
  return {
    address: subjectTrees[audience],
    title,
    description,
    servers: [{ $ref: '#/servers/nats' }],
    parameters: {
      ...(audience === 'party' && {
        partyKey: { description: 'Stands for the party: 32 hexadecimal digits. Whoever subscribes is told its own.' },
      }),
      org: { description: 'Short name of the service owner.', examples: ['ttd'] },
      resource: {
        description: 'The service resource without `urn:altinn:resource:`.',
        examples: ['ttd-building-permit'],
      },
      type: { description: 'The type of the event in short.', enum: types.map(typeToken) },
      dialogId: { description: 'The dialog’s id.', location: '$message.payload#/resourceinstance' },
    },
    messages: Object.fromEntries(types.map((type) => [typeToken(type), { $ref: `#/components/messages/${type}` }])),
  };
}

function messageOf(type: CloudEventType) {
  const { description } = eventSchemaOf(type);
  return {
    name: type,
    title: type,
    ...(description !== undefined && { summary: description }),
    contentType: cloudEventMediaType,
    headers: { $ref: '#/components/schemas/headers' },
    payload: { $ref: `#/components/schemas/${type}` },
  };
}

function eventSchemaOf(type: CloudEventType) {
  return jsonSchemaOf(cloudEventSchema(type));
}

/** Open to members that are not known yet. */
function jsonSchemaOf(schema: z.ZodType) {
  const { $schema: _, '~standard': __, ...bare } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return bare;
}

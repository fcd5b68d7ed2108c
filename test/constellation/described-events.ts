import { Ajv } from 'ajv';
import { z } from 'zod';
import type { StoredMessage } from './stored-events.ts';

const reference = z.object({ $ref: z.string() });
const schema = z.record(z.string(), z.unknown());
const asyncApi = z.object({
  channels: z.record(
    z.string(),
    z.object({
      address: z.string(),
      parameters: z.record(z.string(), z.object({ enum: z.array(z.string()).optional() })),
      messages: z.record(z.string(), reference),
    }),
  ),
  components: z.object({
    messages: z.record(z.string(), z.object({ headers: reference, payload: reference })),
    schemas: z.record(z.string(), schema),
  }),
});

/** Finds in the gateway's own description which message of which channel a message on NATS is. */
export async function readDescribedEvents(gatewayUrl: string) {
  const answer = await fetch(`${gatewayUrl}/asyncapi.json`);
  const { channels, components } = asyncApi.parse(await answer.json());
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });

  const described = Object.entries(channels).flatMap(([channel, { address, parameters, messages }]) =>
    Object.entries(messages).map(([token, { $ref }]) => {
      const message = components.messages[nameIn($ref)];
      if (message === undefined) throw new Error(`There is no ${$ref}.`);
      if (parameters.type?.enum?.includes(token) !== true) throw new Error(`${channel} has no type ${token}.`);
      return {
        name: `${channel} ${token}`,
        subject: subjectForm(address.replace('{type}', token)),
        headers: ajv.compile(closed(schemaAt(message.headers))),
        payload: ajv.compile(closed(schemaAt(message.payload))),
      };
    }),
  );

  return {
    /** Every message of every channel. */
    names: described.map(({ name }) => name),

    /**
     * What a message is called there.
     *
     * @throws for one that is not described, or not like this: a member too many is as wrong as one too few
     */
    nameOf({ subject, headers, body }: StoredMessage): string {
      const found = described.find((one) => one.subject.test(subject));
      if (found === undefined) throw new Error(`No message is described for ${subject}.`);
      if (!found.headers(headers)) throw new Error(`${found.name}: ${ajv.errorsText(found.headers.errors)}`);
      if (!found.payload(body)) throw new Error(`${found.name}: ${ajv.errorsText(found.payload.errors)}`);
      return found.name;
    },
  };

  function schemaAt({ $ref }: z.infer<typeof reference>): Record<string, unknown> {
    const found = components.schemas[nameIn($ref)];
    if (found === undefined) throw new Error(`There is no ${$ref}.`);
    return found;
  }
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Every parameter is one token. */
function subjectForm(address: string): RegExp {
  const literal = address.replaceAll('.', '\\.');
  return new RegExp(`^${literal.replaceAll(/{\w+}/g, '[^.\\s*>]+')}$`);
}

/** Objects that have the members that are described and no others. */
function closed(node: Record<string, unknown>): Record<string, unknown> {
  const members = Object.entries(node).map(([name, value]) => [name, isSchema(value) ? closed(value) : value]);
  const copy = Object.fromEntries(members);
  return isSchema(copy.properties) && copy.type === 'object' ? { ...copy, additionalProperties: false } : copy;
}

function isSchema(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

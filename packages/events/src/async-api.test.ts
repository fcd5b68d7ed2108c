import specification from '@asyncapi/specs/schemas/3.0.0-without-$id.json' with { type: 'json' };
import { cloudEventTypes } from '@dialog/contracts/cloud-event-type';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument, findEventSchema } from './async-api.ts';
import { cloudEventOf } from './cloud-event.ts';
import { activityCreated, changeOf, created, transmissionCreated } from './testing/changes.ts';

const document = asyncApiDocument({ publicUrl: 'https://platform.example/dialogporten' });
const publicUrl = 'https://platform.example/dialogporten';

/** The validator of a type of event. */
function validatorOf(type: string) {
  const schema = findEventSchema(type);
  if (schema === undefined) throw new Error(`${type} has no schema.`);
  return new Ajv({ validateFormats: false }).compile(schema);
}

describe('the catalogue of events', () => {
  it('is an AsyncAPI document', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile(specification);
    expect(validate(JSON.parse(JSON.stringify(document))), JSON.stringify(validate.errors)).toBe(true);
    // Proof that the schema refuses anything at all.
    expect(validate({ ...document, channels: { owner: { adress: 'dialogporten' } } })).toBe(false);
  });

  it('refers to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, to = '']) => to);
    expect(references.length).toBeGreaterThan(cloudEventTypes.length);
    for (const to of new Set(references)) {
      const found = to.split('/').reduce<unknown>((node, name) => Object(node)[name], document);
      expect(found, to).toBeDefined();
    }
  });

  it('has a message for each type of event, in the channels of those who may get it', () => {
    const { channels, components } = document;
    expect(Object.keys(components.messages).sort()).toEqual(cloudEventTypes.toSorted());
    const inChannel = (name: string) => Object.keys(Object(channels[name]).messages);
    expect(inChannel('partyEvents')).toHaveLength(cloudEventTypes.length);
    expect(inChannel('ownerEvents')).toEqual(inChannel('partyEvents').filter((type) => type !== 'expired'));
  });
});

describe('the schema of an event', () => {
  it.each([created, transmissionCreated, activityCreated])('lets pass what is published: $type', (event) => {
    const process = { process: 'urn:p', precedingProcess: 'urn:q' };
    for (const facts of [{}, process]) {
      const sent = JSON.parse(JSON.stringify(cloudEventOf(changeOf([event], facts), event, publicUrl)));
      const validate = validatorOf(sent.type);
      expect(validate(sent), JSON.stringify(validate.errors)).toBe(true);
      // Whoever validates by it goes on when events get members.
      expect(validate({ ...sent, dataschema: 'urn:new' })).toBe(true);
    }
  });

  it('refuses what is of another type, or lacks what its type has', () => {
    const sent = JSON.parse(JSON.stringify(cloudEventOf(changeOf([activityCreated]), activityCreated, publicUrl)));
    expect(validatorOf('dialogporten.dialog.updated.v1')(sent)).toBe(false);
    const validate = validatorOf(sent.type);
    expect(validate({ ...sent, data: {} })).toBe(false);
    expect(validate({ ...sent, time: '2026-03-01T08:15:30Z' })).toBe(false);
    expect(validate({ ...sent, id: undefined })).toBe(false);
  });

  it('tells the type of activity that an event is about', () => {
    expect(findEventSchema('dialogporten.dialog.activity.closed.v1')).toMatchObject({
      title: 'dialogporten.dialog.activity.closed.v1',
      description: expect.stringContaining('DialogClosed'),
    });
    expect(findEventSchema('dialogporten.dialog.closed.v1')).toBeUndefined();
  });
});

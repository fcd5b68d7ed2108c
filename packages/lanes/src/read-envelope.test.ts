import { envelopeVersion } from '@dialog/contracts/commands';
import { describe, expect, it } from 'vitest';
import { readEnvelope } from './read-envelope.ts';
import { exampleCommand } from './testing/example-command.ts';

const self = { lane: 3, laneCount: 8 };
const readable = {
  version: envelopeVersion,
  ...{ laneCount: 8, lane: 3, replyTo: 'dialogporten.replies.a', commands: [exampleCommand()] },
};

function read(changes: object) {
  return readEnvelope(JSON.stringify({ ...readable, ...changes }), self);
}

describe('an envelope', () => {
  it('comes out as it went in', () => {
    expect(read({})).toEqual({ kind: 'readable', envelope: readable });
  });

  it('may ask for what cannot be there: ids of no version that there is', () => {
    const id = '00000000-0000-0000-0000-000000000001';
    const commands = [{ ...exampleCommand(), dialogId: id, ifMatch: id }];
    expect(read({ commands })).toMatchObject({ kind: 'readable', envelope: { commands } });
  });

  it('of a newer version is for others, whatever else is in it', () => {
    expect(read({ version: envelopeVersion + 1, commands: 'in a way yet to be invented' })).toMatchObject({
      kind: 'foreign',
    });
  });

  it('of an older version waited on the lane while the workers were upgraded', () => {
    expect(read({ version: 1 })).toMatchObject({ kind: 'readable', envelope: { version: 1 } });
  });

  it('for another number of lanes is for others', () => {
    expect(read({ laneCount: 16 })).toMatchObject({ kind: 'foreign' });
  });

  it.each([
    ['for another lane', { lane: 4 }],
    ['without commands', { commands: [] }],
    ['with a command of an unknown kind', { commands: [{ ...exampleCommand(), kind: 'Dance' }] }],
    ['without a version', { version: undefined }],
  ])('%s is unreadable', (_, changes) => {
    expect(read(changes)).toMatchObject({ kind: 'unreadable', error: expect.any(Error) });
  });

  it.each(['', '{"version":1', '"text"', 'null', '[]'])('is not %s', (text) => {
    expect(readEnvelope(text, self)).toMatchObject({ kind: 'unreadable', error: expect.any(Error) });
  });
});

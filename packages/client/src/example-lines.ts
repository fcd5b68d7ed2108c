import { randomBytes } from 'node:crypto';
import type { BulkLine } from './bulk-line.ts';

const languageCode = 'en';

/** Lines to try it with: a dialog, a message in it, a line in its history, and so on with the next dialog. */
export function* exampleLines(count: number): Generator<BulkLine, undefined> {
  for (let line = 0; line < count; ) {
    const number = Math.floor(line / 3) + 1;
    const dialogId = uuidV7();
    for (const change of changesOf(dialogId, number)) {
      if (line < count) yield change;
      line += 1;
    }
  }
  return undefined;
}

function changesOf(dialogId: string, number: number): BulkLine[] {
  const title = (value: string) => ({ title: { value: [{ languageCode, value }] } });
  return [
    {
      kind: 'CreateDialog',
      body: {
        id: dialogId,
        serviceResource: 'urn:altinn:resource:ttd-building-permit',
        party: 'urn:altinn:organization:identifier-no:313007103',
        externalReference: `case-${number}`,
        content: title(`Building permit ${number}`),
      },
    },
    {
      kind: 'CreateTransmission',
      dialogId,
      body: { type: 'Information', sender: { actorType: 'ServiceOwner' }, content: title('We got your application') },
    },
    {
      kind: 'CreateActivity',
      dialogId,
      body: {
        type: 'Information',
        performedBy: { actorType: 'ServiceOwner' },
        description: [{ languageCode, value: 'The application was received.' }],
      },
    },
  ];
}

/** Ids that a caller chooses are UUIDs of version 7, which begin with the time. */
function uuidV7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

import { expect, it } from 'vitest';
import { command, envelopeVersion } from './commands.ts';

it('has a new version of the envelope for each new kind of command, so that older workers leave it alone', () => {
  const kinds = command.options.map(({ shape }) => shape.kind.value).sort();
  expect({ envelopeVersion, kinds }).toEqual({
    envelopeVersion: 4,
    kinds: [
      'AddServiceOwnerLabel',
      'ApplyVisibility',
      'BulkSetSystemLabels',
      'CreateActivity',
      'CreateDialog',
      'CreateTransmission',
      'DeleteDialog',
      'FreezeDialog',
      'MoveFormSavedActivity',
      'PatchDialog',
      'PurgeDialog',
      'RecordVisit',
      'RemoveServiceOwnerLabel',
      'RestoreDialog',
      'SetSystemLabels',
      'UpdateDialog',
      'UpdateTransmission',
    ],
  });
});

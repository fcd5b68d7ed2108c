import { describe, expect, it } from 'vitest';
import {
  activityType,
  actorType,
  consumerType,
  deletedFilter,
  dialogStatus,
  dialogStatusInput,
  guiActionPriority,
  httpVerb,
  notificationConditionType,
  systemLabel,
  transmissionType,
} from './enumerations.ts';

describe.each([
  [
    'DialogTransmissionType',
    transmissionType,
    'Information Acceptance Rejection Request Alert Decision Submission Correction',
  ],
  [
    'DialogActivityType',
    activityType,
    'DialogCreated DialogClosed Information TransmissionOpened PaymentMade SignatureProvided DialogOpened DialogDeleted ' +
      'DialogRestored SentToSigning SentToFormFill SentToSendIn SentToPayment FormSubmitted FormSaved ' +
      'CorrespondenceOpened CorrespondenceConfirmed',
  ],
  ['ActorType', actorType, 'PartyRepresentative ServiceOwner'],
  ['DialogGuiActionPriority', guiActionPriority, 'Primary Secondary Tertiary'],
  ['HttpVerb', httpVerb, 'GET POST PUT PATCH DELETE HEAD OPTIONS TRACE CONNECT'],
  ['AttachmentUrlConsumerType', consumerType, 'Gui Api'],
  ['SystemLabel', systemLabel, 'Default Bin Archive MarkedAsUnopened Sent'],
  ['DeletedFilter', deletedFilter, 'Exclude Include Only'],
  ['NotificationConditionType', notificationConditionType, 'NotExists Exists'],
])('%s', (_, schema, names) => {
  it('knows its members by name, in any casing, and by number from 1', () => {
    for (const [index, name] of names.split(' ').entries()) {
      for (const given of [name, name.toLowerCase(), name.toUpperCase(), index + 1, String(index + 1)]) {
        expect(schema.parse(given)).toBe(name);
      }
    }
    const count = names.split(' ').length;
    for (const given of [0, -1, count + 1, 1.5, '', 'x', null, true])
      expect(schema.safeParse(given).success).toBe(false);
  });
});

it('DialogStatus has no older names', () => {
  const numbered = [2, 3, 5, 6, 7, 8].map((number) => dialogStatus.parse(number));
  expect(numbered).toEqual(['InProgress', 'Draft', 'RequiresAttention', 'Completed', 'NotApplicable', 'Awaiting']);
  for (const given of ['New', 'Sent', 1, 4]) expect(dialogStatus.safeParse(given).success).toBe(false);
});

it('DialogStatusInput replaces older names', () => {
  const numbered = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => dialogStatusInput.parse(number));
  expect(numbered).toEqual([
    'NotApplicable',
    'InProgress',
    'Draft',
    'Awaiting',
    'RequiresAttention',
    'Completed',
    'NotApplicable',
    'Awaiting',
  ]);
  expect(dialogStatusInput.parse('new')).toBe('NotApplicable');
  expect(dialogStatusInput.parse('SENT')).toBe('Awaiting');
});

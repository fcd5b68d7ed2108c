import type { Command } from '@dialog/contracts/commands';
import { describe, expect, it } from 'vitest';
import {
  activityBody,
  asAdmin,
  at,
  createActivity,
  createDialog,
  createTransmission,
  deleteDialog,
  freezeDialog,
  patchDialog,
  purgeDialog,
  restoreDialog,
  updateDialog,
  withCorrespondence,
} from './testing/examples.ts';
import { given } from './testing/given.ts';

const ordinary = { rights: { admin: false, correspondence: false, legacyHtml: false } };
const adminOfElsewhere = { ...asAdmin, org: 'digdir' };

function applies(command: Command, ...history: Command[]): void {
  const { outcome } = given(...history).when(command);
  expect(outcome.kind === 'applied' ? 'applied' : outcome.rejection).toBe('applied');
}

describe('an administrator (section 2.5)', () => {
  const live = createDialog();

  it.each([
    ['PUT', updateDialog({ progress: 1 }, adminOfElsewhere)],
    ['PATCH', patchDialog([{ op: 'replace', path: '/progress', value: 1 }], adminOfElsewhere)],
    ['DELETE', deleteDialog(adminOfElsewhere)],
    ['purge', purgeDialog(adminOfElsewhere)],
    ['restore', restoreDialog(adminOfElsewhere)],
    ['freeze', freezeDialog(adminOfElsewhere)],
    ['POST transmission', createTransmission({}, adminOfElsewhere)],
    ['POST activity', createActivity({}, adminOfElsewhere)],
  ])('may %s for any org', (_, command) => applies(command, live));

  it.each([
    ['PUT', updateDialog({ progress: 1 }, { org: 'digdir' })],
    ['DELETE', deleteDialog({ org: 'digdir' })],
    ['purge', purgeDialog({ org: 'digdir' })],
    ['restore', restoreDialog({ org: 'digdir' })],
    ['POST activity', createActivity({}, { org: 'digdir' })],
  ])('alone may: %s of another org is 404 to everybody else', (_, command) =>
    given(live).when(command).thenRejectedFor(404, 'DialogEntity'),
  );

  it('may change what is frozen, and nobody else', () => {
    const frozen = [live, freezeDialog()];
    applies(updateDialog({ progress: 1 }, asAdmin), ...frozen);
    applies(createTransmission({}, asAdmin), ...frozen);
    for (const command of [updateDialog({ progress: 1 }), createTransmission(), createActivity(), deleteDialog()]) {
      given(...frozen)
        .when(command)
        .thenRejectedFor(403, 'Forbidden');
    }
  });

  it('alone may freeze, which is said before 404', () => {
    given().when(freezeDialog(ordinary)).thenRejectedFor(403, 'Forbidden');
    given().when(freezeDialog()).thenRejectedFor(404, 'DialogEntity');
  });

  it.each([
    ['POST', createDialog({ dueAt: at('10:00'), expiresAt: at('11:00'), visibleFrom: at('09:00') }, asAdmin), []],
    ['PUT', updateDialog({ dueAt: at('10:00'), expiresAt: at('11:00') }, asAdmin), [live]],
    ['PATCH', patchDialog([{ op: 'add', path: '/dueAt', value: at('10:00') }], asAdmin), [live]],
  ])('may set dates of the past: %s', (_, command, history) => applies(command, ...history));

  it('may let a dialog be due before it is visible', () => {
    const hidden = createDialog({ visibleFrom: at('18:00') });
    applies(updateDialog({ dueAt: at('17:00') }, asAdmin), hidden);
    given(hidden)
      .when(updateDialog({ dueAt: at('17:00') }))
      .thenRejectedFor(400, 'dto.dueAt');
  });

  it('may add an activity to a deleted dialog, and nothing else', () => {
    const deleted = [live, deleteDialog()];
    applies(createActivity({}, asAdmin), ...deleted);
    for (const command of [
      createActivity(),
      createTransmission({}, asAdmin),
      updateDialog({ progress: 1 }, asAdmin),
      deleteDialog(asAdmin),
      freezeDialog(),
    ]) {
      given(...deleted)
        .when(command)
        .thenRejectedFor(410, 'DialogEntity');
    }
  });

  it.each([
    ['deleting', deleteDialog(asAdmin)],
    ['purging', purgeDialog(asAdmin)],
  ])('needs the correspondence scope for %s a correspondence', (_, command) =>
    given(aCorrespondence()).when(command).thenRejectedFor(403, 'Forbidden'),
  );

  it('needs the correspondence scope for activities of correspondences', () => {
    const confirmed = { type: 'CorrespondenceConfirmed' as const };
    given(live).when(createActivity(confirmed, asAdmin)).thenRejectedFor(403, 'Forbidden');
    given()
      .when(createDialog({ activities: [activityBody(confirmed)] }, asAdmin))
      .thenRejectedFor(403, 'Forbidden');
    given(live)
      .when(updateDialog({ activities: [activityBody(confirmed)] }, asAdmin))
      .thenRejectedFor(403, 'Forbidden');
  });

  it('gives a dialog the org of its resource', () => {
    const { dialog } = given().when(createDialog({}, adminOfElsewhere)).thenChanged();
    expect(dialog.org).toBe('ttd');
  });
});

function aCorrespondence() {
  const resource = { org: 'ttd', type: 'correspondenceservice' };
  return createDialog({}, { resource, ...withCorrespondence });
}

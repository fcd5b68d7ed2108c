import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cloneDir } from '@dialog/local/settings';
import { z } from 'zod';

/** End users of the bench, by their numbers. */
export const endUsers = {
  /** Has nearly every role at {@link busyParty}. */
  manager: '01817030080',
  /** May read two services of {@link busyParty}. */
  accountant: '24857430073',
  /** Manager of a thousand organisations. */
  ofThousand: '12839020064',
  /** The same of 84,000, the thousand among them. */
  ofMany: '18917550154',
};
export const busyParty = 'urn:altinn:organization:identifier-no:313007103';

/** As many services as a manager has something to say in, of which hardly any party has dialogs. */
const unusedResources = 300;

const entries = z.array(z.unknown());

/** Makes a folder for the emulator: its own data, and what it takes to search as much as in a country. */
export function writeBenchWorld(folder: string): string {
  cpSync(path.join(cloneDir, 'infra/altinn-emulator/data'), folder, { recursive: true });
  add(folder, 'authorised-parties.json', [
    {
      user: `urn:altinn:person:identifier-no:${endUsers.accountant}`,
      parties: [{ party: busyParty, name: 'Børgefisk AS', roles: ['REGNA'] }],
    },
  ]);
  add(
    folder,
    'subject-resources.json',
    Array.from({ length: unusedResources }, (_, index) => ({
      subjectUrn: 'urn:altinn:rolecode:dagl',
      resourceUrn: `urn:altinn:resource:ttd-unused-${index}`,
      updatedAt: '2026-02-01T08:00:00Z',
      deleted: false,
    })),
  );
  return folder;
}

function add(folder: string, name: string, more: readonly unknown[]): void {
  const file = path.join(folder, name);
  const all = [...entries.parse(JSON.parse(readFileSync(file, 'utf8'))), ...more];
  writeFileSync(file, JSON.stringify(all));
}

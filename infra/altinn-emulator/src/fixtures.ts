import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const resources = z.array(z.looseObject({ identifier: z.string(), resourceType: z.string() }));
export type Resource = z.infer<typeof resources>[number];

const serviceOwnerList = z.object({
  orgs: z.record(z.string(), z.looseObject({ orgnr: z.string().optional() })),
});
export type ServiceOwnerList = z.infer<typeof serviceOwnerList>;

const parties = z.array(
  z.strictObject({
    urn: z.string(),
    partyUuid: z.uuid(),
    /** Null: the register knows the party, but no name. */
    displayName: z.string().nullable(),
    partyType: z.enum(['person', 'organization', 'systemuser']),
    /** The register learns of a new system user with delay: it is found from this call on. */
    knownAtAttempt: z.int().min(1).default(1),
  }),
);
export type Party = z.infer<typeof parties>[number];

const clients = z.array(
  z.strictObject({
    clientId: z.string().regex(/^[\w-]+$/),
    orgNumber: z.string(),
    scopes: z.array(z.string()),
    /** Public keys. A client without gets a key pair of the emulator's making. */
    jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  }),
);
export type Client = z.infer<typeof clients>[number];

/**
 * The emulator's world, as files. They are read at every call, so that an edit counts at once.
 *
 * @throws when a file is missing or not as it should be; the call is answered with 500
 */
export type Fixtures = {
  resources: () => Promise<Resource[]>;
  serviceOwners: () => Promise<ServiceOwnerList>;
  parties: () => Promise<Party[]>;
  clients: () => Promise<Client[]>;
};

export function fixturesIn(folder: string): Fixtures {
  return {
    resources: () => read('resources.json', resources),
    serviceOwners: () => read('altinn-orgs.json', serviceOwnerList),
    parties: () => read('parties.json', parties),
    clients: () => read('clients.json', clients),
  };

  async function read<T>(file: string, schema: z.ZodType<T>): Promise<T> {
    const result = schema.safeParse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`);
    return result.data;
  }
}

import { readdir, readFile } from 'node:fs/promises';
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

const name = z.object({ nb: z.string().nullable(), en: z.string().nullable(), nn: z.string().nullable() });

const roles = z.array(z.looseObject({ name }));
export type Role = z.infer<typeof roles>[number];

const accessPackages = z.array(
  z.looseObject({
    areas: z.array(z.looseObject({ packages: z.array(z.looseObject({ name })).nullable() })).nullable(),
  }),
);
export type AccessPackageGroup = z.infer<typeof accessPackages>[number];

/** In the order of `updatedAt`, as they are sent. */
const subjectResources = z.array(
  z.strictObject({
    subjectUrn: z.string(),
    resourceUrn: z.string(),
    updatedAt: z.iso.datetime({ offset: true }),
    deleted: z.boolean(),
  }),
);
export type SubjectResource = z.infer<typeof subjectResources>[number];
const unit = z.strictObject({
  /** URN of an organisation, a person, or a self-identified user. */
  party: z.string(),
  name: z.string(),
  roles: z.array(z.string()).default([]),
  accessPackages: z.array(z.string()).default([]),
  /** Ids of resources that were delegated one by one. */
  resources: z.array(z.string()).default([]),
  instances: z
    .array(z.strictObject({ resourceId: z.string(), instanceId: z.string(), instanceRef: z.string().optional() }))
    .default([]),
  isDeleted: z.boolean().default(false),
  /** Only there because of its sub-units; gives no rights of its own. */
  hierarchyOnly: z.boolean().default(false),
});
export type Unit = z.infer<typeof unit>;

const authorisedParties = z.array(
  z.strictObject({
    /** URN of a person, a system user or an e-mail user. */
    user: z.string(),
    parties: z.array(unit.extend({ subunits: z.array(unit).default([]) })),
    /** So many organisations more, with made-up numbers, of which the user is the manager. */
    generated: z.int().min(0).max(90_000).default(0),
  }),
);
export type AuthorisedParties = z.infer<typeof authorisedParties>;

const delegations = z.array(
  z.strictObject({
    /** URN of the person or system user that the right was handed to. */
    subject: z.string(),
    /** Without, at any party. */
    party: z.string().optional(),
    /** Id of the resource whose policy it goes beyond. */
    resource: z.string(),
    /** A part of the resource, as `urn:altinn:task:…` or `urn:altinn:subresource:…`. Without, any part and none. */
    attribute: z.string().optional(),
    instance: z.string().optional(),
    actions: z.array(z.string()).min(1),
  }),
);
export type Delegation = z.infer<typeof delegations>[number];

const users = z.array(
  z.strictObject({
    /** URN of a person or an e-mail user. */
    urn: z.string(),
    userId: z.int().min(1),
    username: z.string(),
  }),
);
export type AltinnUser = z.infer<typeof users>[number];

const systemUsers = z.array(
  z.strictObject({
    urn: z.string().startsWith('urn:altinn:systemuser:uuid:'),
    systemId: z.string(),
    /** Number of the organisation that it belongs to. */
    owner: z.string(),
    /** Number of the organisation whose client gets its tokens: the vendor of the system. */
    consumer: z.string(),
  }),
);
export type SystemUser = z.infer<typeof systemUsers>[number];

/** Where the emulator's own world is. */
export const dataFolder = join(import.meta.dirname, '../data');

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
  roles: () => Promise<Role[]>;
  accessPackages: () => Promise<AccessPackageGroup[]>;
  subjectResources: () => Promise<SubjectResource[]>;
  /** XML as it is in the file; undefined for a resource without one. */
  policy: (resourceId: string) => Promise<string | undefined>;
  authorisedParties: () => Promise<AuthorisedParties>;
  delegations: () => Promise<Delegation[]>;
  users: () => Promise<AltinnUser[]>;
  systemUsers: () => Promise<SystemUser[]>;
};

export function fixturesIn(folder: string): Fixtures {
  return {
    resources: () => read('resources.json', resources),
    serviceOwners: () => read('altinn-orgs.json', serviceOwnerList),
    parties: () => read('parties.json', parties),
    clients: () => read('clients.json', clients),
    roles: () => read('roles.json', roles),
    accessPackages: () => read('access-packages.json', accessPackages),
    subjectResources: () => read('subject-resources.json', subjectResources),
    policy: readPolicy,
    authorisedParties: () => read('authorised-parties.json', authorisedParties),
    delegations: () => read('delegations.json', delegations),
    users: () => read('users.json', users),
    systemUsers: () => read('system-users.json', systemUsers),
  };

  async function readPolicy(resourceId: string): Promise<string | undefined> {
    const file = `${resourceId.toLowerCase()}.xml`;
    // The id comes from an address: only a file that is in the folder is read.
    const files = await readdir(join(folder, 'policies'));
    return files.includes(file) ? readFile(join(folder, 'policies', file), 'utf8') : undefined;
  }

  async function read<T>(file: string, schema: z.ZodType<T>): Promise<T> {
    const result = schema.safeParse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    if (!result.success) throw new Error(`${file}: ${z.prettifyError(result.error)}`);
    return result.data;
  }
}

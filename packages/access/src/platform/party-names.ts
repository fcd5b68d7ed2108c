import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { type CacheSettings, createFreshCache } from './fresh-cache.ts';
import type { PlatformCall } from './platform-call.ts';

/** @throws UpstreamFailure when the register has to be asked and is away */
export type PartyNames = {
  /** Undefined for a person or organisation that the register does not know, or an id of no known kind. */
  nameOf: (actorId: string) => Promise<string | undefined>;
};

/** Takes the name of a party that the platform told in another answer, so that the register need not be asked for it. */
export type RememberName = (urn: string, name: string) => void;

const cacheDefaults: CacheSettings = {
  freshMs: 24 * 60 * 60_000,
  failSafeMs: 26 * 60 * 60_000,
  waitMs: 20_000,
  retryAfterMs: 60_000,
  entriesMax: 100_000,
};

/** The register hears of a new system user some seconds after its first call comes here. */
const newSystemUserPausesMs = [500, 1000, 2000];
const unknownSystemUser = 'Systembruker';

const person = 'urn:altinn:person:identifier-no:';
const organization = 'urn:altinn:organization:identifier-no:';
const systemUser = 'urn:altinn:systemuser:uuid:';
const feide = 'urn:altinn:feide-subject:';
/** Those whose identifier is the only name that they have. */
const selfNamed = ['urn:altinn:person:legacy-selfidentified:', 'urn:altinn:person:idporten-email:'];

const registerAnswer = z.object({ data: z.array(z.object({ displayname: z.string().nullish() })) });

type Deps = { call: PlatformCall; log: Logger; cache?: Partial<CacheSettings> };

/** Names as they are stored with actors: the surname of a person first. */
export function createPartyNames({ call, log, cache }: Deps): PartyNames & { remember: RememberName } {
  const names = createFreshCache('party names', load, { ...cacheDefaults, ...cache, log });

  return {
    async nameOf(actorId) {
      const urn = actorId.toLowerCase();
      const selfNaming = selfNamed.find((prefix) => urn.startsWith(prefix));
      if (selfNaming !== undefined) return urn.slice(selfNaming.length) || undefined;
      if (urn.startsWith(feide)) return `Feide User (${urn.slice(feide.length, feide.length + 6)})`;
      if (urn.startsWith(systemUser)) return (await names.get(urn)) ?? unknownSystemUser;
      if (urn.startsWith(person) || urn.startsWith(organization)) return names.get(urn);
      return undefined;
    },
    remember(urn, name) {
      if (name.trim() !== '') names.put(urn.toLowerCase(), storedName(urn, name));
    },
  };

  async function load(urn: string): Promise<string | undefined> {
    let name = await registeredName(urn);
    if (urn.startsWith(systemUser)) {
      for (const pauseMs of newSystemUserPausesMs) {
        if (name !== undefined) break;
        await delay(pauseMs);
        name = await registeredName(urn);
      }
    }
    if (name === undefined) log.error({ kind: urn.slice(0, urn.lastIndexOf(':')) }, 'party is not in the register');
    return name && storedName(urn, name);
  }

  async function registeredName(urn: string): Promise<string | undefined> {
    const path = '/register/api/v1/dialogporten/parties/query';
    const { data } = await call('party names', path, JSON.stringify({ Data: [urn] }), registerAnswer);
    return data[0]?.displayname ?? undefined;
  }
}

/** `Kari Anne Fisker` becomes `Fisker Kari Anne`: what consumers of this API have always been given, and turn back. */
function storedName(urn: string, name: string): string {
  if (!urn.toLowerCase().startsWith(person)) return name;
  const parts = name.trim().split(/\s+/);
  return [...parts.slice(-1), ...parts.slice(0, -1)].join(' ');
}

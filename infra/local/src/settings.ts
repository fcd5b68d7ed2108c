import { accessSync, constants, mkdirSync } from 'node:fs';
import path from 'node:path';
import { redisUrl } from '@dialog/lanes/redis-url';
import {
  ConfigurationError,
  isTrustedAddress,
  listOf,
  parseConfig,
  port,
  trustedUrl,
  url,
} from '@dialog/telemetry/config';
import { z } from 'zod';

/** Relative paths in settings begin at the clone, wherever the command was given. */
export const cloneDir = path.join(import.meta.dirname, '../../..');

const issuer = z.string().refine(isTrustedAddress, {
  error: 'must be https:// URLs, separated by commas (http:// only for localhost, 127.0.0.1 or [::1])',
});

const settings = z
  .object({
    PORT: port.default(8080),
    PUBLIC_URL: url(['http', 'https']).optional(),
    DATA_DIR: z.string().default('.data'),
    DATABASE_URL: url(['postgres', 'postgresql']).optional(),
    REDIS_URL: redisUrl.optional(),
    NATS_URL: listOf(url(['nats', 'tls']))
      .transform((servers) => servers.join(','))
      .optional(),
    NATS_CREDS: z.string().optional(),
    TOKEN_ISSUERS: listOf(issuer).optional(),
    ALTINN_PLATFORM_URL: trustedUrl.optional(),
    ALTINN_EVENTS_URL: z
      .union([z.literal('off'), url(['http', 'https'])], 'must be a URL that begins with http:// or https://, or off')
      .optional(),
  })
  .transform((env) => ({
    /** 0: any that is free. */
    port: env.PORT,
    /** Where clients reach the gateway, if that is not where it listens. */
    publicUrl: env.PUBLIC_URL,
    dataDir: path.resolve(cloneDir, env.DATA_DIR),
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    natsUrl: env.NATS_URL,
    natsCreds: env.NATS_CREDS === undefined ? undefined : path.resolve(cloneDir, env.NATS_CREDS),
    tokenIssuers: env.TOKEN_ISSUERS,
    altinnPlatformUrl: env.ALTINN_PLATFORM_URL,
    /** Undefined: the emulator, if there is one. */
    altinnEventsUrl: env.ALTINN_EVENTS_URL,
  }));

/** What `npm start` can be told. What is undefined is started here. */
export type Settings = z.infer<typeof settings>;

/** @throws ConfigurationError with one line for each wrong variable */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const read = parseConfig(settings, env);
  if (read.altinnPlatformUrl !== undefined && read.tokenIssuers === undefined) {
    throw new ConfigurationError(
      'TOKEN_ISSUERS: must be set with ALTINN_PLATFORM_URL, as the emulator then issues no tokens',
    );
  }
  if (read.natsCreds !== undefined) {
    if (read.natsUrl === undefined) throw new ConfigurationError('NATS_CREDS: has no use without NATS_URL');
    attempt('NATS_CREDS', 'cannot be read', () => accessSync(read.natsCreds ?? '', constants.R_OK));
  }
  attempt('DATA_DIR', 'cannot be written to', () => {
    mkdirSync(read.dataDir, { recursive: true });
    accessSync(read.dataDir, constants.W_OK | constants.X_OK);
  });
  return read;
}

function attempt(variable: string, problem: string, action: () => void): void {
  try {
    action();
  } catch (err) {
    throw new ConfigurationError(`${variable}: ${problem} (${err instanceof Error ? err.message : String(err)})`);
  }
}

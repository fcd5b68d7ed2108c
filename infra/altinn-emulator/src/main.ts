/**
 * altinn-emulator stands in for the Altinn platform on a developer's machine and in tests.
 * It trusts everybody and gives out tokens to anybody: never let production services trust it.
 */
import { once } from 'node:events';
import { logLevel, port, readConfig, url } from '@dialog/telemetry/config';
import { createLogger } from '@dialog/telemetry/logger';
import { z } from 'zod';
import { startEmulator } from './emulator.ts';

const env = readConfig(
  z.object({
    PORT: port.default(0),
    HOST: z.string().default('127.0.0.1'),
    DATA_DIR: z.string().optional(),
    FIXTURES_DIR: z.string().optional(),
    PUBLIC_URL: url(['http', 'https']).optional(),
    LOG_LEVEL: logLevel.default('info'),
  }),
  process.env,
);
const log = createLogger('altinn-emulator', env.LOG_LEVEL);
const emulator = await startEmulator({
  port: env.PORT,
  hostname: env.HOST,
  ...(env.DATA_DIR !== undefined && { dataDir: env.DATA_DIR }),
  ...(env.FIXTURES_DIR !== undefined && { fixturesDir: env.FIXTURES_DIR }),
  ...(env.PUBLIC_URL !== undefined && { publicUrl: env.PUBLIC_URL }),
  log,
});
log.info({ baseUrl: emulator.baseUrl, issuers: emulator.issuers }, 'altinn-emulator started');

await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
await emulator.close();
log.info('altinn-emulator stopped');

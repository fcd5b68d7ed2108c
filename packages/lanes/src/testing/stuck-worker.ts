/** A worker process that never ends its first envelope: it tells its parent the first command, and waits to be killed. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { createWorkMetrics } from '../metrics.ts';
import { openNats } from '../open-nats.ts';
import { openRedis } from '../open-redis.ts';
import { defaultWorkSettings, workLane } from '../work.ts';

const { redisUrl, natsUrl, natsCredsFile, ...settings } = z
  .object({
    redisUrl: z.string(),
    natsUrl: z.string(),
    natsCredsFile: z.string(),
    prefix: z.string(),
    laneCount: z.number(),
    lockMs: z.number(),
    lockCheckMs: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const log = pino({ level: 'silent' });
const deps = {
  redis: openRedis({ url: redisUrl, name: 'stuck-worker', whenAway: 'wait', log }),
  nats: openNats({ servers: natsUrl, credsFile: natsCredsFile, name: 'stuck-worker', log }),
  onUnreadable: async () => {},
  metrics: createWorkMetrics(new Registry()),
  log,
  settings: { ...defaultWorkSettings, ...settings },
};
for (let lane = 0; lane < settings.laneCount; lane += 1) {
  await workLane(deps, lane, async ({ commands }) => {
    process.send?.(commands[0]?.id);
    return new Promise(() => {});
  });
}

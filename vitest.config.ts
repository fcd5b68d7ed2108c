import { defineConfig } from 'vitest/config';

const folders = '{packages,services,infra,test}';
const needsServers = [`${folders}/**/*.int.test.ts`, 'test/e2e/**', 'test/crash/**'];
const servers = { globalSetup: ['infra/local/src/testing-servers.ts'], hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Much of the time goes by waiting for servers that stop and locks that expire: vitest's own choice on two cores, one
    // worker, would leave them idle.
    maxWorkers: 2,
    // Files share the modules of their worker: to load them anew for each file took a third of the time. No module keeps
    // state of its own, and no test replaces one.
    isolate: false,
    // Tests have Postgres, Redis and NATS to themselves: an address from outside would send them to someone's data.
    env: { DATABASE_URL: '', REDIS_URL: '', NATS_URL: '', NATS_CREDS: '' },
    provide: { dialogPartitions: Number(process.env.DIALOG_PARTITIONS ?? 0) },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [`${folders}/**/*.test.ts`],
          exclude: ['**/node_modules/**', ...needsServers],
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: { name: 'integration', include: [`${folders}/**/*.int.test.ts`], testTimeout: 60_000, ...servers },
      },
      {
        extends: true,
        test: {
          // The same rules on tables that are divided by the dialog's id.
          name: 'partitioned',
          include: [
            'services/dialog-worker/src/{apply-envelope,stored-dialog}.int.test.ts',
            'services/gateway/src/{reads,search/search}.int.test.ts',
          ],
          provide: { dialogPartitions: 8 },
          testTimeout: 60_000,
          ...servers,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 60_000,
          sequence: { groupOrder: 1 },
          ...servers,
        },
      },
      {
        extends: true,
        test: {
          name: 'crash',
          include: ['test/crash/**/*.test.ts'],
          testTimeout: 180_000,
          // After the others: these measure how soon something recovers.
          sequence: { groupOrder: 2 },
          ...servers,
        },
      },
    ],
  },
});

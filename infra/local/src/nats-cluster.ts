import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { keptNatsAccess, type NatsAccess, startNats } from './nats.ts';
import type { ServerHandle, ServerSettings } from './server-process.ts';

/** `url` names all servers, as `NATS_URL` takes them. Each can be stopped, killed and started again by itself. */
export type NatsCluster = NatsAccess & { url: string; nodes: readonly ServerHandle[] };

/** Starts servers that form a NATS cluster, with the same accounts, each below `<dataDir>/node-<n>`. */
export async function openNatsCluster(settings: ServerSettings, nodeCount: number): Promise<NatsCluster> {
  const access = await keptNatsAccess(settings.dataDir);
  const ports = await Promise.all(Array.from({ length: nodeCount }, freePort));
  const routes = ports.map((port) => `nats-route://127.0.0.1:${port}`).join(', ');
  const nodes = await Promise.all(
    ports.map((port, index) => {
      const dataDir = path.join(settings.dataDir, `node-${index + 1}`);
      mkdirSync(dataDir, { recursive: true });
      return startNats({ ...settings, dataDir }, access, [
        `server_name: node-${index + 1}`,
        `cluster: { name: dialogporten, listen: "127.0.0.1:${port}", routes: [${routes}] }`,
      ]);
    }),
  );
  return { ...access, url: nodes.map(({ url }) => url).join(','), nodes };
}

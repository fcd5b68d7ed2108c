import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { keptPort } from './free-port.ts';
import { keptNatsKeys, type NatsKeys, trustConfiguration } from './nats-accounts.ts';
import { type NatsCreds, type SubscriberSigning, writeCreds, writeSubscriberSigning } from './nats-users.ts';
import { findServerBinary, type ServerBinary } from './server-binary.ts';
import { openServer, type ServerHandle, type ServerSettings } from './server-process.ts';

/** `creds` are the creds files of its users. `keys` can make more accounts and users, `subscribers` more subscribers. */
export type NatsAccess = { creds: NatsCreds; keys: NatsKeys; subscribers: SubscriberSigning };
export type NatsHandle = ServerHandle & NatsAccess;

/**
 * Starts nats-server with JetStream on `<dataDir>/nats`, in operator mode: nobody gets in without a creds file. Those of
 * the services are in `<dataDir>/nats/creds`; they are issued anew at each start, so that changed rights take effect.
 */
export async function openNats(settings: ServerSettings): Promise<NatsHandle> {
  const access = await keptNatsAccess(settings.dataDir);
  return Object.assign(await startNats(settings, access), access);
}

/** The keys of a data folder, and the creds files of those who may get in by them. */
export async function keptNatsAccess(dataDir: string): Promise<NatsAccess> {
  const folder = path.join(dataDir, 'nats/creds');
  mkdirSync(folder, { recursive: true });
  const keys = keptNatsKeys(path.join(dataDir, 'secrets/nats-keys.json'));
  return { keys, creds: await writeCreds(keys, folder), subscribers: writeSubscriberSigning(keys, folder) };
}

/** @param more further lines of its configuration file */
export async function startNats(
  { dataDir, durability, signal }: ServerSettings,
  { keys, creds }: NatsAccess,
  more: readonly string[] = [],
): Promise<ServerHandle> {
  const binary = await findServerBinary('nats-server');
  const folder = path.join(dataDir, 'nats');
  mkdirSync(folder, { recursive: true });
  const port = await keptPort(dataDir, 'nats');
  const configuration = path.join(folder, 'nats-server.conf');
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `jetstream: { store_dir: "${path.join(folder, 'jetstream')}"${durability === 'durable' ? syncSetting(binary) : ''} }`,
    await trustConfiguration(keys, path.join(folder, 'accounts')),
    ...more,
  ];
  writeFileSync(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });

  const url = `nats://127.0.0.1:${port}`;
  return openServer(
    {
      name: 'nats',
      url,
      file: binary.file,
      args: ['-c', configuration],
      env: binary.env,
      dataDir,
      answers: () => acceptsUser(url, creds.gateway),
    },
    signal,
  );
}

/**
 * From 2.10 on a message can be on disk before it is acknowledged. Earlier servers write it to a file at once and to the
 * disk within two minutes: what the relay had published in that time is gone when the power fails, not when the server
 * is killed.
 */
function syncSetting({ file, env }: ServerBinary): string {
  const version = execFileSync(file, ['--version'], { env: { ...process.env, ...env }, encoding: 'utf8' });
  const [, major, minor] = /v(\d+)\.(\d+)\./.exec(version) ?? [];
  return Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 10) ? ', sync_interval: always' : '';
}

/**
 * @param url of one server, or of several of a cluster, separated by commas
 * @param credsFile absent for a server that asks for none
 */
export async function acceptsUser(url: string, credsFile?: string): Promise<void> {
  const connection = await connect({
    servers: url.split(','),
    timeout: 2_000,
    reconnect: false,
    ...(credsFile && { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
  });
  await connection.close();
}

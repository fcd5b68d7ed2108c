/**
 * dead-letters shows an operator the commands that could not be applied and the events that could not be delivered. When
 * the reason is gone, it puts a command on its lane again, and has an event delivered. Run it with the worker's
 * environment.
 */
import { parseArgs } from 'node:util';
import { type Command, command } from '@dialog/contracts/commands';
import { timestampOf } from '@dialog/contracts/timestamp';
import { type Database, openDatabase } from '@dialog/database/open';
import * as deadLetters from '@dialog/database/tables/dead-letters';
import * as operations from '@dialog/database/tables/operations';
import { LaneFull, LaneUnavailable } from '@dialog/lanes/faults';
import { createSubmitMetrics } from '@dialog/lanes/metrics';
import { openNats } from '@dialog/lanes/open-nats';
import { openRedis } from '@dialog/lanes/open-redis';
import { defaultLanesSettings, openLanes } from '@dialog/lanes/submit';
import { createLogger, maskPersons } from '@dialog/telemetry/logger';
import { Registry } from 'prom-client';
import { uuidv7 } from 'uuidv7';
import { z } from 'zod';
import { type Config, workerConfig } from './config.ts';
import * as refusedEvents from './refused-events.ts';

const usage = `Usage:
  dead-letters list [--limit <number>]   commands, then events; the newest first, 50 of each
  dead-letters show <id>                 all of one, with the body of its command or its change
  dead-letters replay <id> [--again]     puts a command on its lane as a new one, and prints the new operation's id;
                                         has event-relay deliver an event, behind what it has delivered since
  dead-letters replay-all <reader>       has all events delivered that were refused by one: event-relay (for NATS) or
                                         altinn-events

The addresses come from the environment, as the dialog-worker reads them: DATABASE_URL, REDIS_URL, REDIS_PREFIX,
NATS_URL, LANES.
`;

/** What the operator is told in one line, instead of a stack. */
class Refusal extends Error {}

const limit = z.string().regex(/^\d{1,6}$/, '--limit must be a whole number');
const letterId = z.uuid('The id of a dead letter is a UUID');
const readerName = z.enum(['event-relay', 'altinn-events'], 'Say whose: event-relay or altinn-events');

process.exitCode = await run(process.argv.slice(2));

async function run(args: string[]): Promise<number> {
  let work: (db: Database, config: Config) => Promise<void>;
  try {
    const parsed = parse(args);
    if (parsed === 'help') {
      process.stdout.write(usage);
      return 0;
    }
    work = parsed;
  } catch (err) {
    process.stderr.write(`${messageOf(err)}\n\n${usage}`);
    return 2;
  }

  const config = workerConfig(process.env);
  const db = openDatabase(config.databaseUrl, {
    applicationName: 'dead-letters',
    connectionsMax: 1,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: config.statementTimeoutMs,
  });
  try {
    await work(db, config);
    return 0;
  } catch (err) {
    process.stderr.write(`${messageOf(err)}\n`);
    return 1;
  } finally {
    await db.destroy();
  }
}

/** @throws for arguments that say nothing */
function parse(args: string[]): 'help' | ((db: Database, config: Config) => Promise<void>) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      limit: { type: 'string', default: '50' },
      again: { type: 'boolean', default: false },
    },
  });
  const [verb = '', id, ...rest] = positionals;
  if (values.help === true) return 'help';
  if (rest.length > 0) throw new Refusal(`Too many arguments: ${rest.join(' ')}`);
  switch (verb) {
    case 'list': {
      if (id !== undefined) throw new Refusal('list takes no id');
      const count = Number(valid(limit, values.limit));
      return (db) => list(db, count);
    }
    case 'show': {
      const shown = valid(letterId, id);
      return (db) => show(db, shown);
    }
    case 'replay': {
      const replayed = valid(letterId, id);
      return (db, config) => replay(db, config, replayed, values.again);
    }
    case 'replay-all': {
      const reader = valid(readerName, id);
      return async (db) => {
        process.stdout.write(`${reader} is asked to deliver ${await refusedEvents.askForAll(db, reader)} events.\n`);
      };
    }
    default:
      throw new Refusal(verb === '' ? 'Say what to do' : `There is no command ${verb}`);
  }
}

async function list(db: Database, count: number): Promise<void> {
  for (const { id, lane, failedAt, error, command: text, replayedAs } of await deadLetters.list(db, count)) {
    const kept = commandIn(text);
    const what = kept === undefined ? 'unreadable' : `${kept.kind} of ${kept.org} on dialog ${kept.dialogId}`;
    const fate = replayedAs === null ? '' : `, replayed as ${replayedAs}`;
    process.stdout.write(`${id}  ${failedAt}  lane ${lane}  ${what}${fate}\n    ${maskPersons(error)}\n`);
  }
  for (const lines of await refusedEvents.listed(db, count)) process.stdout.write(lines);
}

async function show(db: Database, id: string): Promise<void> {
  const event = await refusedEvents.shown(db, id);
  if (event !== undefined) {
    process.stdout.write(`${JSON.stringify(event, undefined, 2)}\n`);
    return;
  }
  const { command: text, ...letter } = await find(db, id);
  process.stdout.write(`${JSON.stringify({ ...letter, command: commandIn(text) ?? text }, undefined, 2)}\n`);
}

/**
 * The letter is marked before its command is sent. So of two operators one gets through, and a crash in between leaves
 * a command that was not sent, which `--again` mends, instead of one that the next replay applies a second time.
 */
async function replay(db: Database, config: Config, id: string, again: boolean): Promise<void> {
  const event = await refusedEvents.askForReplay(db, id, again);
  if (event === 'done') throw new Refusal(`${id} was replayed already. To have it delivered once more, add --again.`);
  if (event !== undefined) {
    process.stdout.write(`${event.asked}\n`);
    return;
  }
  const letter = await find(db, id);
  const kept = commandIn(letter.command);
  if (kept === undefined) throw new Refusal(`${id} holds no command that this version can read.`);
  if (letter.replayedAs !== null && !again) {
    throw new Refusal(`${id} was replayed already, as ${letter.replayedAs}. To send it once more, add --again.`);
  }
  // A new id, because the operation of the old one has ended; and without it the worker would not apply the command.
  const replayed: Command = { ...kept, id: uuidv7(), receivedAt: timestampOf(Date.now()) };
  if (!(await deadLetters.markReplayed(db, letter, replayed.id))) {
    throw new Refusal(`${id} is being replayed by somebody else.`);
  }
  try {
    await send(db, config, replayed);
  } catch (err) {
    if (err instanceof LaneUnavailable && err.inDoubt) {
      throw new Refusal(
        `Redis went away with the command in hand. See whether operation ${replayed.id} turns up; if not, add --again.`,
      );
    }
    await deadLetters.markReplayed(db, { id, replayedAs: replayed.id }, letter.replayedAs);
    throw err;
  }
  process.stdout.write(`${replayed.id}\n`);
}

async function send(db: Database, config: Config, replayed: Command): Promise<void> {
  const log = createLogger('dead-letters', 'error', process.stderr);
  const redis = openRedis({ url: config.redisUrl, name: 'dead-letters', whenAway: 'fail', log });
  // Nobody waits here for an outcome, so it does not matter whether NATS is there.
  const nats = openNats({
    servers: config.natsUrl,
    name: 'dead-letters',
    log,
    ...(config.natsCreds !== undefined && { credsFile: config.natsCreds }),
  });
  try {
    const lanes = await openLanes(
      {
        redis,
        nats,
        findEnded: (ids) => operations.find(db, ids),
        metrics: createSubmitMetrics(new Registry()),
        log,
      },
      {
        ...defaultLanesSettings,
        gatewayId: `dead-letters-${replayed.id}`,
        laneCount: config.laneCount,
        prefix: config.redisPrefix,
      },
    );
    try {
      await lanes.submit(replayed, { waitMs: 0 });
    } finally {
      await lanes.close();
    }
  } finally {
    await nats.close();
    await redis.close();
  }
}

async function find(db: Database, id: string): Promise<deadLetters.DeadLetter> {
  const letter = await deadLetters.find(db, id);
  if (letter === undefined) throw new Refusal(`There is no dead letter ${id}.`);
  return letter;
}

/** Undefined for what is no command: a whole envelope that nobody could read is kept as it came. */
function commandIn(text: string): Command | undefined {
  try {
    return command.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function valid<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Refusal(parsed.error.issues[0]?.message);
  return parsed.data;
}

function messageOf(err: unknown): string {
  if (err instanceof Refusal || err instanceof LaneFull || err instanceof LaneUnavailable) return err.message;
  // From parseArgs.
  if (err instanceof TypeError && 'code' in err) return err.message;
  if (err instanceof AggregateError) return err.errors.map(messageOf).join(', ');
  return err instanceof Error ? `${err.name}: ${err.message}` : String(err);
}

import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context, Hono } from 'hono';
import { z } from 'zod';

/** What the Node server hands to handlers. */
type Env = { Bindings: { incoming: IncomingMessage } };
export type EmulatorApp = Hono<Env>;

const fault = z.strictObject({
  operation: z.string(),
  /** Wait so long before anything else. */
  delayMs: z.int().min(0).max(120_000).default(0),
  /** Answer with this status and no body instead. */
  status: z.int().min(200).max(599).optional(),
  /** Cut the right answer in half. */
  brokenJson: z.boolean().default(false),
  /** Close the connection without an answer. */
  reset: z.boolean().default(false),
  /** How many calls it spoils. Without, all until it is taken back. */
  times: z.int().min(1).optional(),
});
type Fault = z.infer<typeof fault>;

/**
 * The platform's operations on an app: each is counted and can be made to fail.
 *
 * `POST /emulator/faults` sets the fault of one operation, `DELETE` takes all back;
 * `GET /emulator/calls` tells how often each was called, `DELETE` begins to count anew.
 */
export function createOperations(app: EmulatorApp) {
  const calls = new Map<string, number>();
  const faults = new Map<string, Fault>();

  app.get('/emulator/calls', (c) => c.json(Object.fromEntries(calls)));
  app.delete('/emulator/calls', (c) => {
    for (const name of calls.keys()) calls.set(name, 0);
    return c.body(null, 204);
  });
  app.post('/emulator/faults', async (c) => {
    const parsed = fault.safeParse(await c.req.json());
    if (!parsed.success) return c.text(z.prettifyError(parsed.error), 400);
    const { operation } = parsed.data;
    if (!calls.has(operation)) return c.text(`No operation ${operation}; there are ${[...calls.keys()]}.`, 404);
    faults.set(operation, parsed.data);
    return c.body(null, 204);
  });
  app.delete('/emulator/faults', (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  return function operation(
    name: string,
    method: 'GET' | 'POST',
    path: string,
    answer: (c: Context<Env>) => Promise<Response>,
  ): void {
    calls.set(name, 0);
    app.on(method, path, async (c) => {
      calls.set(name, (calls.get(name) ?? 0) + 1);
      const spoiled = takeFault(name);
      if (spoiled === undefined) return answer(c);
      // Without ref: a delayed answer must not keep a stopping emulator alive.
      await delay(spoiled.delayMs, undefined, { ref: false });
      if (spoiled.reset) {
        c.env.incoming.socket.destroy();
        return c.body(null, 500);
      }
      if (spoiled.status !== undefined) return new Response(null, { status: spoiled.status });
      const right = await answer(c);
      if (!spoiled.brokenJson) return right;
      const text = await right.text();
      return new Response(text.slice(0, text.length / 2), { status: right.status, headers: right.headers });
    });
  };

  function takeFault(name: string): Fault | undefined {
    const found = faults.get(name);
    if (found?.times !== undefined) {
      if (found.times === 1) faults.delete(name);
      else faults.set(name, { ...found, times: found.times - 1 });
    }
    return found;
  }
}

export type Operation = ReturnType<typeof createOperations>;

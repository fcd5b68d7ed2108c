import { Agent, request as send } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

type PacedRequest = {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  /** Requests a second, evenly spread. */
  rate: number;
  seconds: number;
};

/**
 * Sends at a fixed rate, each request at its own moment, and reports each answer's status and latency.
 *
 * autocannon sends a second's share of requests in one burst at its beginning, so its latencies at half of peak are
 * those of bursts. Here a latency begins when the request was due: one that is sent late counts as late.
 */
export async function paced(
  { url, method, headers, body, connections, rate, seconds }: PacedRequest,
  onAnswer: (status: number, latencyMs: number) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const total = Math.floor(rate * seconds);
  const startedAt = performance.now();
  const pending: Promise<void>[] = [];
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate) + 1);
    for (; sent < due; sent += 1) pending.push(one(startedAt + (sent / rate) * 1000));
    await delay(1);
  }
  await Promise.all(pending);
  agent.destroy();

  function one(dueAt: number): Promise<void> {
    return new Promise((resolve) => {
      const answered = (status: number) => {
        onAnswer(status, performance.now() - dueAt);
        resolve();
      };
      const outgoing = send(url, { method, headers, agent }, (response) => {
        response.resume();
        response.on('end', () => answered(response.statusCode ?? 0));
      });
      outgoing.on('error', () => answered(0));
      outgoing.end(body);
    });
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'bullmq';

/** A worker that can be closed while Redis is away; BullMQ's own would wait for ever to close its connections. */
export class LeavingWorker<Data> extends Worker<Data, void> {
  /** Seconds that it waits at most for a delayed job. BullMQ's ten are longer than a connection may be silent: see openRedis. */
  override get maximumBlockTimeout(): number {
    return 1;
  }

  /**
   * Begins no more jobs, waits for those in hand, and leaves. Nothing is lost by going without Redis: locks run out.
   *
   * @param inHand settles when nothing is being worked on
   * @param timeoutMs how long Redis may take from then on
   * @returns false when the worker left without taking leave of Redis
   */
  async leave(inHand: () => Promise<unknown>, timeoutMs: number): Promise<boolean> {
    const orderly = new AbortController();
    const abandoned = async () => {
      await inHand();
      await delay(timeoutMs, undefined, { signal: orderly.signal }).catch(() => {});
      if (orderly.signal.aborted) return true;
      await this.#abandon();
      return false;
    };
    return Promise.race([this.close().then(() => true), abandoned()]).finally(() => orderly.abort());
  }

  /** Stops what would keep the process alive. */
  async #abandon(): Promise<void> {
    await this.lockManager.close();
    // By force: also keeps the blocking connection, which is this worker's own, from connecting again.
    await this.backend.close(true);
  }
}

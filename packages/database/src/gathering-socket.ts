import { Socket } from 'node:net';

/**
 * Sends what is written to it until the program next waits in one piece. Statements that are issued together, a dozen
 * for each envelope, so cost one call of the system and not one each.
 */
export class GatheringSocket extends Socket {
  #gathering = false;

  override write(chunk: Uint8Array | string, callback?: WriteCallback): boolean;
  override write(chunk: Uint8Array | string, encoding?: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: Uint8Array | string,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    this.#gather();
    return typeof encoding === 'function' ? super.write(chunk, encoding) : super.write(chunk, encoding, callback);
  }

  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    this.cork();
    // Comes after all promises that can go on without waiting for anything.
    process.nextTick(() => {
      this.#gathering = false;
      this.uncork();
    });
  }
}

type WriteCallback = (err?: Error | null) => void;

import { Socket } from 'node:net';

/**
 * Sends what is written to it corked, which the driver does for each statement, in one piece when the program next waits.
 * Statements that are issued together, a dozen for each envelope, so cost one call of the system and not one each.
 */
export class GatheringSocket extends Socket {
  #gathering = false;

  override cork(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    super.cork();
    // Comes after all promises that can go on without waiting for anything.
    process.nextTick(() => {
      this.#gathering = false;
      super.uncork();
    });
  }

  override uncork(): void {
    // See above.
  }
}

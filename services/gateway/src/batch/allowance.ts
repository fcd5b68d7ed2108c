export type AllowanceLimits = { linesMax: number; bytesMax: number };

/**
 * Bounds the lines that are in hand at a time, and their bytes. A single line with more bytes than allowed gets through when
 * nothing else is in hand. Who waits is let in in order.
 */
export function createAllowance({ linesMax, bytesMax }: AllowanceLimits) {
  let lines = 0;
  let bytes = 0;
  const waiting: { bytes: number; enter: () => void }[] = [];

  return {
    /** Undefined when there is room now: most lines need not wait. */
    take(lineBytes: number): Promise<void> | undefined {
      if (waiting.length === 0 && hasRoom(lineBytes)) {
        add(lineBytes);
        return undefined;
      }
      return new Promise((enter) => waiting.push({ bytes: lineBytes, enter }));
    },

    give(givenLines: number, givenBytes: number): void {
      lines -= givenLines;
      bytes -= givenBytes;
      letIn();
    },

    /** What is in hand has become more or fewer bytes. */
    change(byBytes: number): void {
      bytes += byBytes;
      if (byBytes < 0) letIn();
    },
  };

  function hasRoom(lineBytes: number): boolean {
    return lines === 0 || (lines < linesMax && bytes + lineBytes <= bytesMax);
  }

  function add(lineBytes: number): void {
    lines += 1;
    bytes += lineBytes;
  }

  function letIn(): void {
    for (let [next] = waiting; next !== undefined && hasRoom(next.bytes); [next] = waiting) {
      waiting.shift();
      add(next.bytes);
      next.enter();
    }
  }
}
export type Allowance = ReturnType<typeof createAllowance>;

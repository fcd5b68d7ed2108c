/** The same trouble is reported once in this time, in milliseconds. */
const repeatedErrorMs = 30_000;

/** Passes on an error unless the last one said the same a short while ago. */
export function onceInAWhile(report: (err: Error) => void): (err: Error) => void {
  let last = { message: '', at: 0 };
  return (err) => {
    const now = Date.now();
    if (err.message === last.message && now - last.at < repeatedErrorMs) return;
    last = { message: err.message, at: now };
    report(err);
  };
}

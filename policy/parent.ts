/** How often a pack looks whether it still has a parent, in milliseconds. */
const interval = 5_000;

/**
 * Ends this process soon after the one that started it: nobody else ends a pack whose engine was killed. Nothing tells of
 * a parent's end, so it is looked for.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(0);
  }, interval).unref();
}

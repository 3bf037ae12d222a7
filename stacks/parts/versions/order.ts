/** Whether a version comes before another; a `v` before it does not count. */
export function isOlder(version: string, other: string): boolean {
  const bare = (text: string): string => text.replace(/^v/, "");
  return bare(version).localeCompare(bare(other), "en", { numeric: true }) < 0;
}

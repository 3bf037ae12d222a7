const seconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** How Access writes times: `24h`, `30m`, `1h30m`. */
export const durationForm = /^(?:\d+[hms])+$/;

/** The seconds of `24h`, `30m` or `1h30m`. Throws for what is not of this form. */
export function secondsOf(duration: string): number {
  if (!durationForm.test(duration))
    throw new Error(`duration "${duration}": use hours, minutes or seconds such as 24h`);
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (seconds[unit] ?? 1),
    0,
  );
}

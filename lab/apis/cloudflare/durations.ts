const seconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** How Access writes times: `24h`, `30m`, `1h30m`. */
export const durationForm = /^(?:\d+[hms])+$/;

/** The seconds of `24h`, `30m` or `1h30m`. */
export function secondsOf(duration: string): number {
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (seconds[unit] ?? 1),
    0,
  );
}

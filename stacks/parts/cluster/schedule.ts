/** Cron schedules as RKE2 reads them: five numeric fields, in UTC (robfig/cron's standard form). */

const shortcuts: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const minute = 60_000;

/** How far back a schedule is followed, in minutes: further than a year has none that is of use. */
const horizon = 366 * 24 * 60;

/** The last times at which a schedule was due, the newest first, at most `count`; `schedule` was checked to be one. */
export function lastDue(schedule: string, now: Date, count: number): readonly Date[] {
  const [minutes, hours, days, months, weekdays] = (shortcuts[schedule] ?? schedule)
    .trim()
    .split(/\s+/);
  const found: Date[] = [];
  const start = Math.floor(now.getTime() / minute);
  for (let back = 0; back < horizon && found.length < count; back += 1) {
    const at = new Date((start - back) * minute);
    const [ofMonth, ofWeek] = [holds(days, at.getUTCDate(), 1), holds(weekdays, at.getUTCDay(), 0)];
    // Where both are given, either is enough (crontab(5)).
    const day = days !== "*" && weekdays !== "*" ? ofMonth || ofWeek : ofMonth && ofWeek;
    if (
      holds(minutes, at.getUTCMinutes(), 0) &&
      holds(hours, at.getUTCHours(), 0) &&
      holds(months, at.getUTCMonth() + 1, 1) &&
      day
    )
      found.push(at);
  }
  return found;
}

/** Whether a field of a schedule names a number; a step counts from the range's beginning, or from the field's lowest. */
function holds(field = "*", value: number, lowest: number): boolean {
  return field.split(",").some((part) => {
    const [range = "*", step] = part.split("/");
    const [first, last] = range.split("-");
    const from = range === "*" ? lowest : Number(first);
    const to =
      range === "*" || (last === undefined && step !== undefined)
        ? Infinity
        : Number(last ?? first);
    return value >= from && value <= to && (value - from) % Number(step ?? 1) === 0;
  });
}

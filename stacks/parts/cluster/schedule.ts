/**
 * Cron schedules as RKE2 reads them, in UTC: robfig/cron's standard form, five fields with names for months and weekdays,
 * or a word such as @daily, or @every and a duration. https://pkg.go.dev/github.com/robfig/cron/v3
 */

const shortcuts: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const months = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const weekdays = "sun mon tue wed thu fri sat".split(" ");

const minute = 60_000;

/** The fields of a schedule in numbers; what is no name is left as it stands. */
export function fieldsOf(schedule: string): readonly string[] {
  const fields = (shortcuts[schedule] ?? schedule).trim().split(/\s+/);
  return fields.map((field, i) => {
    if (field === "?" && (i === 2 || i === 4)) return "*";
    const [names, first] = i === 3 ? [months, 1] : i === 4 ? [weekdays, 0] : [[], 0];
    return field.replaceAll(/[a-z]+/gi, (name) => {
      const at = names.indexOf(name.toLowerCase());
      return at < 0 ? name : String(at + first);
    });
  });
}

/** Milliseconds between two turns of `@every 1h30m`; undefined for every other schedule. */
export function everyMs(schedule: string): number | undefined {
  const [, duration] = /^@every ((?:\d+(?:\.\d+)?[hms])+)$/.exec(schedule.trim()) ?? [];
  if (duration === undefined) return undefined;
  const units = { h: 60 * minute, m: minute, s: 1_000 };
  return [...duration.matchAll(/([\d.]+)([hms])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * units[unit as keyof typeof units],
    0,
  );
}

/** How far back a schedule is followed, in minutes: further than a year has none that is of use. */
const horizon = 366 * 24 * 60;

/**
 * The last times at which a schedule was due, the newest first, at most `count`; `schedule` was checked to be one. One that
 * counts from its server's start was due at the latest then.
 */
export function lastDue(schedule: string, now: Date, count: number): readonly Date[] {
  const every = everyMs(schedule);
  if (every !== undefined)
    return Array.from({ length: count }, (_, i) => new Date(now.getTime() - i * every));
  const [minutes, hours, days, inMonths, onWeekdays] = fieldsOf(schedule);
  const found: Date[] = [];
  const start = Math.floor(now.getTime() / minute);
  for (let back = 0; back < horizon && found.length < count; back += 1) {
    const at = new Date((start - back) * minute);
    const [ofMonth, ofWeek] = [
      holds(days, at.getUTCDate(), 1),
      holds(onWeekdays, at.getUTCDay(), 0),
    ];
    // Where both are given, either is enough (crontab(5)).
    const day = days !== "*" && onWeekdays !== "*" ? ofMonth || ofWeek : ofMonth && ofWeek;
    if (
      holds(minutes, at.getUTCMinutes(), 0) &&
      holds(hours, at.getUTCHours(), 0) &&
      holds(inMonths, at.getUTCMonth() + 1, 1) &&
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

const cronFields = [
  { name: "minute", low: 0, high: 59 },
  { name: "hour", low: 0, high: 23 },
  { name: "day of month", low: 1, high: 31 },
  { name: "month", low: 1, high: 12 },
  { name: "day of week", low: 0, high: 6 },
] as const;

/** What is wrong with a cron schedule, or undefined. */
export function cronProblem(text: string): string | undefined {
  const every = everyMs(text);
  if (every !== undefined)
    return every < 60_000
      ? `"${text}" leaves no time for a snapshot; use a minute or more`
      : undefined;
  const fields = fieldsOf(text);
  if (fields.length !== cronFields.length) {
    return `"${text}" has ${fields.length} fields; use five: minute hour day month weekday, as in 0 */6 * * *`;
  }
  for (const [i, field] of cronFields.entries()) {
    const value = fields[i] ?? "";
    if (!value.split(",").every((part) => cronPart(part, field.low, field.high))) {
      return `"${value}" is no ${field.name}; use ${field.low} to ${field.high}, a list, a range or */step`;
    }
  }
  return neverDue(text, fields);
}

/** Days of a month that has no such day: RKE2 takes the schedule, and saves nothing. */
function neverDue(text: string, fields: readonly string[]): string | undefined {
  const [, , days = "*", months = "*", weekdays = "*"] = fields;
  const first = (field: string): readonly number[] =>
    field.split(",").map((part) => (part.startsWith("*") ? 1 : Number.parseInt(part, 10)));
  const plain = /^\d+(,\d+)*$/;
  if (weekdays !== "*" || !plain.test(months)) return undefined;
  const longest = Math.max(...first(months).map((month) => longestDays[month - 1] ?? 31));
  return Math.min(...first(days)) <= longest
    ? undefined
    : `"${text}" is never due: no such month has that day`;
}

/** Of each month, in leap years too. */
const longestDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function cronPart(part: string, low: number, high: number): boolean {
  const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(part);
  if (match === null) return false;
  const [from, to, step] = match
    .slice(1)
    .map((digits) => (digits === undefined ? undefined : Number(digits)));
  const inside = (value: number | undefined): boolean =>
    value === undefined || (value >= low && value <= high);
  return inside(from) && inside(to) && (to === undefined || to >= (from ?? low)) && step !== 0;
}

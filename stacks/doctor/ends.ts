/** Credentials that end: each is named with its days. */
import { dayOf, daysLeft, fromNow } from "../../components/days.ts";
import { ok, problem, warning, type Finding } from "./finding.ts";

/** Something that ends, and how to have a new one. */
export interface Ending {
  readonly subject: string;
  readonly ends: Date;
  /** How to renew it. */
  readonly remedy: string;
  /** Days before its end from which it is a warning; 30 when left out. */
  readonly warnDays?: number;
}

/** An error once it has ended, a warning in its last days. */
export function judgeEnd(
  { subject, ends, remedy, warnDays = 30 }: Ending,
  now: Date = new Date(),
): Finding {
  const when = `${dayOf(ends)}, ${fromNow(ends, now)}`;
  if (ends <= now) return problem(subject, `ended on ${when}`, remedy);
  const text = `ends on ${when}`;
  return daysLeft(ends, now) < warnDays ? warning(subject, text, remedy) : ok(subject, text);
}

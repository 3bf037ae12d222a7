/** How long Cloudflare supports the release of cloudflared: it never updates itself here. */
import { dayOf, daysLeft, fromNow } from "../../../../components/days.ts";
import { ok, warning, type Finding } from "../../../doctor/finding.ts";

/** Days before its end from which there is a warning. */
const warnDays = 60;

/**
 * A release is named by its year and month, and supported while it is no more than a year older than the newest one, which
 * is not asked for: counted from the day itself it ends a little early.
 * @see https://github.com/cloudflare/cloudflared#deprecated-versions
 */
export function judgeRelease(version: string, now = new Date()): readonly Finding[] {
  const [, year, month] = /^(\d{4})\.(\d{1,2})\./.exec(version) ?? [];
  if (year === undefined || month === undefined) return [];
  const subject = `cloudflared ${version}`;
  const ends = new Date(Date.UTC(Number(year) + 1, Number(month) - 1));
  const when = `${dayOf(ends)}, ${fromNow(ends, now)}`;
  const remedy = "raise homelab:versions.cloudflared and run npm run up; Renovate proposes it too";
  if (ends <= now) return [warning(subject, `left Cloudflare's support on ${when}`, remedy)];
  return [
    daysLeft(ends, now) < warnDays
      ? warning(subject, `leaves Cloudflare's support on ${when}`, remedy)
      : ok(subject, `is supported until ${when}`),
  ];
}

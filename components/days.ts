/** Moments and the days between them, in words that people read. */

const day = 86_400_000;

/** Days from a moment to another, rounded down; below zero once it is past. */
export const daysLeft = (end: Date, now: Date): number =>
  Math.floor((end.getTime() - now.getTime()) / day);

/** `in 83 days`, `today` or `12 days ago`. */
export function fromNow(end: Date, now: Date): string {
  const days = Math.trunc((end.getTime() - now.getTime()) / day);
  if (days === 0) return "today";
  return days > 0 ? `in ${days} days` : `${-days} days ago`;
}

/** The day of a moment in UTC, as people write it: 2027-03-01. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10);

/** A moment in UTC to the second, for programs too: 2027-03-01T03:00:00Z. */
export const stamp = (moment: Date): string => `${moment.toISOString().slice(0, 19)}Z`;

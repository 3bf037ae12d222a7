/** Runs checks side by side; none can hang the others, and none ends in silence. */
import { setTimeout as delay } from "node:timers/promises";
import { warning, type Finding } from "./finding.ts";

export interface Check {
  /** What it looks at, for the finding that says it could not. */
  readonly subject: string;
  /** Seconds that it may take; 30 when left out. */
  readonly seconds?: number;
  /** Asks and judges; a rejection says that nothing could be seen. */
  readonly run: () => Promise<readonly Finding[]>;
}

const patience = 30;

/** The findings of all checks, in the checks' order. Never rejects. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Finding[]> {
  const found = await Promise.all(checks.map(runOne));
  return found.flat();
}

async function runOne({ subject, seconds = patience, run }: Check): Promise<readonly Finding[]> {
  const ended = new AbortController();
  const late = async (): Promise<never> => {
    await delay(seconds * 1000, undefined, { signal: ended.signal });
    throw new Error(`no end within ${seconds} s`);
  };
  try {
    return await Promise.race([run(), late()]);
  } catch (error) {
    return [unchecked(subject, error)];
  } finally {
    ended.abort();
  }
}

/** The check of a service whose login could not be read. */
export function blind(subject: string): Check {
  const reason = new Error("its login cannot be read (above)");
  return { subject, run: () => Promise.reject(reason) };
}

/** A check that could not look. */
export function unchecked(subject: string, error: unknown): Finding {
  return warning(
    subject,
    `could not be checked: ${reasonOf(error)}`,
    "mend what stands above it, or what the reason names, and run the doctor again",
  );
}

/** An error in one line; fetch hides the reason in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const text = cause instanceof Error && cause.message !== "" ? cause.message : error.message;
  return text.replace(/\s+/g, " ").slice(0, 300);
}

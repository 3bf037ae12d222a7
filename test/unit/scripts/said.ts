import type { Finding } from "../../../stacks/doctor/finding.ts";

/** Findings as lines of severity, subject and text. */
export const said = (findings: readonly Finding[]): string =>
  findings.map(({ severity, subject, text }) => `${severity}: ${subject}: ${text}`).join("\n");

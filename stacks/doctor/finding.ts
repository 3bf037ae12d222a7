/** What the doctor found. */

/** `ok`: looked at, and fine. `warning`: a look is due. `error`: the site does not come up, or is not whole. */
export type Severity = "ok" | "warning" | "error";

export interface Finding {
  readonly severity: Severity;
  /** What was looked at: `machine proxmox-tank`, `Cloudflare token`. */
  readonly subject: string;
  /** What is wrong; of what is fine, what was seen. Never a secret. */
  readonly text: string;
  /** What to do; empty for what is fine. */
  readonly remedy: string;
}

export const ok = (subject: string, text: string): Finding => ({
  severity: "ok",
  subject,
  text,
  remedy: "",
});

export const warning = (subject: string, text: string, remedy: string): Finding => ({
  severity: "warning",
  subject,
  text,
  remedy,
});

export const problem = (subject: string, text: string, remedy: string): Finding => ({
  severity: "error",
  subject,
  text,
  remedy,
});

export type Summary = Readonly<Record<Severity, number>>;

export function summarise(findings: readonly Finding[]): Summary {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return { ok: count("ok"), warning: count("warning"), error: count("error") };
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, ok: 2 };

/** Errors first; within a severity in the order in which they were found. */
export function sorted(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}

/** The process's exit status: 0 fine, 1 errors, 2 warnings only. */
export function exitStatus({ error, warning: warnings }: Summary): 0 | 1 | 2 {
  if (error > 0) return 1;
  return warnings > 0 ? 2 : 0;
}

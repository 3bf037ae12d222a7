/** The doctor, as the tests ask it. */
import assert from "node:assert/strict";
import { attempt } from "./command.ts";
import { eventually } from "./site.ts";

interface Finding {
  readonly severity: "ok" | "warning" | "error";
  readonly subject: string;
  readonly text: string;
  readonly remedy: string;
}

export interface Report {
  readonly findings: readonly Finding[];
  readonly summary: { readonly error: number; readonly warning: number };
}

/** What the doctor finds; its exit status must be what the summary says. */
export async function doctor(stack = "home"): Promise<Report> {
  const { code, stdout, stderr } = await attempt`node scripts/doctor.ts --stack ${stack} --json`;
  assert.ok(stdout.startsWith("{"), `${stdout}\n${stderr}`);
  const report = JSON.parse(stdout) as Report;
  const { error, warning } = report.summary;
  assert.equal(code, error > 0 ? 1 : warning > 0 ? 2 : 0, stderr);
  return report;
}

/** What is not fine. */
export const bad = ({ findings }: Report): readonly Finding[] =>
  findings.filter(({ severity }) => severity !== "ok");

/**
 * Seconds until alerts are of now: what a Prometheus saw last before it moved to another machine counts for five minutes more
 * (its lookback, https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness).
 */
export const alertsAge = 400;

/** Fails when the doctor goes on finding an error at home. */
export async function expectNoError(): Promise<void> {
  await eventually(alertsAge, async () => {
    const errors = bad(await doctor()).filter(({ severity }) => severity === "error");
    assert.deepEqual(errors, []);
  });
}

/** The finding about a subject whose text fits; fails with all that was found. */
export function named(report: Report, subject: string, text: RegExp): Finding {
  const found = report.findings.find((one) => one.subject === subject && text.test(one.text));
  const others = JSON.stringify(bad(report), undefined, 1);
  assert.ok(found, `${subject} is not named: ${others}`);
  return found;
}

/**
 * Fails unless the doctor finds nothing to say about a site, and each thing that no `up` has made yet is called so: the
 * router's peering too, where the site has one.
 */
export async function expectNothingYet(
  stack: string,
  connector: string,
  announces: "bgp" | "l2" = "bgp",
): Promise<void> {
  const report = await doctor(stack);
  assert.deepEqual(bad(report), []);
  named(report, "machines", /none was made yet/);
  named(report, "cluster", /was not raised yet/);
  named(report, `Connector ${connector}`, /was not made yet/);
  named(report, "tailnet, leftovers", /all 0 devices/);
  const peering = report.findings.filter(({ subject }) => /^router .*BGP port$/.test(subject));
  assert.equal(peering.length, announces === "bgp" ? 1 : 0);
  assert.ok(peering.every(({ text }) => /the first up/.test(text)));
  assert.ok(!report.findings.some(({ subject }) => /^(machine|node|BGP of) /.test(subject)));
}

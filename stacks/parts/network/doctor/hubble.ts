/** Hubble's certificates: Relay and UI show nothing once they have ended. */
import { X509Certificate } from "node:crypto";
import type { Check } from "../../../doctor/check.ts";
import { judgeEnd } from "../../../doctor/ends.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { problem, type Finding } from "../../../doctor/finding.ts";
import { certificateIn } from "../../../doctor/kubectl.ts";

/** Secrets that Cilium's job makes. */
const secrets = ["hubble-server-certs", "hubble-relay-client-certs"];

const remedy =
  "kubectl -n kube-system create job --from=cronjob/hubble-generate-certs hubble-certs-now; Hubble reads them by itself. " +
  "If they are not made every four months: kubectl -n kube-system describe cronjob hubble-generate-certs";

export function hubbleChecks(run: ClusterCommand): readonly Check[] {
  return secrets.map((name) => ({
    subject: `certificate ${name}`,
    run: async () => [judgeHubble(name, await certificateIn(run, "kube-system", name))],
  }));
}

/** Judges a Secret's certificate, in base64 as the Secret has it; empty without the Secret. */
export function judgeHubble(name: string, certificate: string, now = new Date()): Finding {
  const subject = `certificate ${name}`;
  if (certificate === "")
    return problem(subject, "is not in the cluster, so Hubble shows nothing", remedy);
  const { validToDate } = new X509Certificate(Buffer.from(certificate, "base64"));
  return judgeEnd({ subject, ends: validToDate, remedy }, now);
}

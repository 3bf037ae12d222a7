/** Hubble's certificates: Relay and UI show nothing once they have ended. */
import { X509Certificate } from "node:crypto";
import type { Check } from "../../../doctor/check.ts";
import { judgeEnd } from "../../../doctor/ends.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { problem, type Finding } from "../../../doctor/finding.ts";
import { certificateIn } from "../../../doctor/kubectl.ts";

/** Secrets that Cilium's job makes, with the key of the certificate. */
const secrets = {
  "hubble-server-certs": "tls.crt",
  "hubble-relay-client-certs": "tls.crt",
  "cilium-ca": "ca.crt",
} as const;

const job =
  "kubectl -n kube-system create job --from=cronjob/hubble-generate-certs hubble-certs-now";

const certificates =
  `${job}; Hubble reads them by itself. ` +
  "If they are not made every four months: kubectl -n kube-system describe cronjob hubble-generate-certs";

/**
 * The authority lasts three years, and the job takes the one that is there, also one that has ended
 * (https://github.com/cilium/certgen/issues/500): only where there is none it makes a new one.
 */
const authority =
  "the job makes no new one while there is one: kubectl -n kube-system delete secret cilium-ca; " +
  `${job}; and when it has ended, kubectl -n kube-system rollout restart deployment hubble-relay. ` +
  "Until all agents have read theirs, which takes minutes, Hubble shows nothing";

export function hubbleChecks(run: ClusterCommand): readonly Check[] {
  return Object.entries(secrets).map(([name, key]) => ({
    subject: `certificate ${name}`,
    run: async () => [judgeHubble(name, await certificateIn(run, "kube-system", name, key))],
  }));
}

/** Judges a Secret's certificate, in base64 as the Secret has it; empty without the Secret. */
export function judgeHubble(name: string, certificate: string, now = new Date()): Finding {
  const remedy = name === "cilium-ca" ? authority : certificates;
  const subject = `certificate ${name}`;
  if (certificate === "")
    return problem(subject, "is not in the cluster, so Hubble shows nothing", remedy);
  const { validToDate } = new X509Certificate(Buffer.from(certificate, "base64"));
  return judgeEnd({ subject, ends: validToDate, remedy }, now);
}

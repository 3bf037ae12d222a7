/** Certificates by which proxies and their controller know each other: no proxy gets its configuration once they have ended. */
import { X509Certificate } from "node:crypto";
import { gatewayNamespace } from "../../../../components/gateway/plan.ts";
import type { Check } from "../../../doctor/check.ts";
import { judgeEnd } from "../../../doctor/ends.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { problem, type Finding } from "../../../doctor/finding.ts";
import { certificateIn } from "../../../doctor/kubectl.ts";

const { name: namespace } = gatewayNamespace;

/** Of the Secrets that the chart's job makes: all are of one authority, and end with it. */
const secret = "envoy-gateway";
const subject = `certificate ${secret}`;

/**
 * They last five years (gateway v1.9.1, internal/crypto/certgen.go), and the job leaves a Secret that is there, at each upgrade too
 * (internal/provider/kubernetes/secrets.go). It makes a fourth one, envoy-oidc-hmac, which has no end and signs the cookies of logins.
 */
const remedy =
  "the chart's job makes no new ones while there are some: " +
  `kubectl -n ${namespace} delete secret ${secret} envoy envoy-rate-limit (and not envoy-oidc-hmac, which would end logins); ` +
  `helm -n ${namespace} get hooks envoy-gateway | kubectl apply -f -; ` +
  `and when the three are there, kubectl -n ${namespace} rollout restart deployment. ` +
  "Proxies go on with what they know meanwhile";

export function controlCheck(run: ClusterCommand): Check {
  return {
    subject,
    run: async () => [judgeControl(await certificateIn(run, namespace, secret, "ca.crt"))],
  };
}

/** Judges the authority's certificate, in base64 as the Secret has it; empty without the Secret. */
export function judgeControl(certificate: string, now = new Date()): Finding {
  if (certificate === "")
    return problem(subject, "is not in the cluster, so no proxy gets its configuration", remedy);
  const { validToDate } = new X509Certificate(Buffer.from(certificate, "base64"));
  return judgeEnd({ subject, ends: validToDate, remedy }, now);
}

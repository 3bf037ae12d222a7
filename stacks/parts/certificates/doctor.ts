/** Certificates: what ends, what is not Ready and why, and whether what must outlive the cluster is kept. */
import { jetstackCharts } from "../../../components/certificates/cert-manager.ts";
import { expiryDays } from "../../../components/certificates/expiry.ts";
import type { KeptPair } from "../../../components/certificates/kept.ts";
import type { Check } from "../../doctor/check.ts";
import { conditionOf, type Condition } from "../../doctor/conditions.ts";
import { judgeEnd } from "../../doctor/ends.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { certificateIn, objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";
import { keeperOf, keptObjects } from "./look.ts";

/** The charts of cert-manager and trust-manager. */
export function certificateReleases({
  certificates,
}: Pick<SiteConfig, "certificates">): readonly Release[] {
  if (certificates === undefined) return [];
  const { certManager, trustManager } = certificates;
  return [
    chart(jetstackCharts, "cert-manager", certManager, "homelab:versions.certManager"),
    chart(jetstackCharts, "trust-manager", trustManager, "homelab:versions.trustManager"),
  ];
}

/** A Certificate or an issuer, as far as the doctor looks. */
export interface Judged {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    /** When a certificate ends and when it is due to be renewed, RFC 3339. */
    readonly notAfter?: string;
    readonly renewalTime?: string;
  };
}

/** None where the part is switched off. */
export function certificateChecks(site: Examined, run: ClusterCommand): readonly Check[] {
  if (site.config.certificates === undefined) return [];
  return [
    {
      subject: "certificate issuers",
      run: async () =>
        judgeIssuers(await objects<Judged>(run, "clusterissuers.cert-manager.io"), site.isUp),
    },
    {
      subject: "certificates",
      run: async () => {
        const all = await objects<Judged>(run, "certificates.cert-manager.io");
        return all.map((one) => judgeCertificate(one));
      },
    },
    ...keptChecks(site, run),
  ];
}

/** Every issuer is Ready. */
export function judgeIssuers(issuers: readonly Judged[], isUp: boolean): readonly Finding[] {
  const subject = "certificate issuers";
  if (issuers.length === 0) {
    return isUp
      ? [problem(subject, "there is none", "npm run up with --refresh makes them")]
      : [ok(subject, "none was made yet")];
  }
  return issuers.map((issuer): Finding => {
    const { name } = issuer.metadata;
    const [ready, message] = readiness(issuer);
    return ready
      ? ok(`issuer ${name}`, "is Ready")
      : problem(`issuer ${name}`, message, `kubectl describe clusterissuer ${name}`);
  });
}

/** A certificate is Ready, and was renewed when it was due. */
export function judgeCertificate(certificate: Judged, now = new Date()): Finding {
  const { namespace = "", name } = certificate.metadata;
  const subject = `certificate ${namespace}/${name}`;
  const look = `kubectl -n ${namespace} describe certificate ${name}; kubectl -n ${namespace} get orders,challenges`;
  const [ready, message] = readiness(certificate);
  const { notAfter, renewalTime } = certificate.status ?? {};
  if (!ready || notAfter === undefined) return problem(subject, message, look);
  const due = renewalTime !== undefined && new Date(renewalTime) < now;
  // One of a few days is always near its end.
  const warnDays = due ? expiryDays.warning : 0;
  return judgeEnd({ subject, ends: new Date(notAfter), remedy: look, warnDays }, now);
}

function readiness({ status }: Judged): readonly [ready: boolean, message: string] {
  const ready = conditionOf(status?.conditions, "Ready");
  const failure = conditionOf(status?.conditions, "Issuing")?.message;
  const said = ready?.message ?? "cert-manager has not looked at it yet";
  return [ready?.status === "True", failure === undefined ? said : `${said}; ${failure}`];
}

/** One check for each certificate that outlives its cluster. */
function keptChecks(site: Examined, run: ClusterCommand): readonly Check[] {
  const keeper = keeperOf(site);
  if (keeper === undefined || !site.isUp) return [];
  return keptObjects(site).map((object) => ({
    subject: `certificate ${object.name}, kept`,
    run: async () => {
      const [kept, held] = await Promise.all([
        keeper.find(object),
        certificateIn(run, object.namespace, object.secret),
      ]);
      return [judgeKept(object.name, kept, held)];
    },
  }));
}

/** Whether 1Password has the certificate that the cluster has, which is in base64; empty without a Secret. */
export function judgeKept(name: string, kept: KeptPair | undefined, held: string): Finding {
  const subject = `certificate ${name}, kept`;
  const current = Buffer.from(held, "base64").toString();
  if (kept?.certificate === current) return ok(subject, "1Password has the one in use");
  if (kept === undefined) {
    return problem(
      subject,
      "1Password does not have it: a cluster that is built anew would order another",
      `pulumi state taint with the URN of the Stash ${name}-kept, then npm run up`,
    );
  }
  return warning(subject, "it was renewed since it was kept", "npm run up keeps the new one");
}

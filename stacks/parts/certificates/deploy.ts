import { output, type Resource } from "@pulumi/pulumi";
import { Certificates } from "../../../components/certificates/certificates.ts";
import { certificatesNamespace } from "../../../components/certificates/cert-manager-values.ts";
import type { CertificatePlan } from "../../../components/certificates/plan.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { KeptFound } from "./look.ts";

/** The site's certificates, for what serves with them. */
export interface SiteCertificates {
  /** Namespace of their Secrets. */
  readonly namespace: string;
  readonly certificates: readonly CertificatePlan[];
  /** All of them are there. */
  readonly ready: Resource;
}

/** What the certificates find there. */
export interface Surroundings {
  /** cert-manager looks once, at its start, whether there are Gateways. */
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly kept: KeptFound | undefined;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
}

/** Makes the site's certificates; undefined where the part is switched off. */
export function deployCertificates(
  { name, config, secrets }: Site,
  { nodes: [server] }: SiteCluster,
  { definitions: { gatewayApi }, running: { ready, kubernetes }, kept, answers }: Surroundings,
): SiteCertificates | undefined {
  const { certificates, edge } = config;
  if (certificates === undefined) return undefined;
  const { certManager, trustManager, planned, nameservers, email, apiToken } = certificates;
  const made = new Certificates(
    name,
    {
      ...{ site: name, certManager, trustManager, nameservers, server, kept, answers },
      hosts: podHosts(config),
      gatewayApi: gatewayApi !== undefined,
      certificates: planned,
      acme: edge && {
        email,
        zones: [edge.zone],
        apiToken: output(secrets.get(apiToken ?? edge.apiToken)),
      },
    },
    {
      providers: [kubernetes],
      dependsOn: [ready, ...(gatewayApi === undefined ? [] : [gatewayApi])],
    },
  );
  return { namespace: certificatesNamespace.name, certificates: planned, ready: made.ready };
}

/** Hosts whose machines run pods. */
function podHosts({ machines }: Pick<SiteConfig, "machines">): number {
  const running = machines.filter(({ role, workloads }) => role === "agent" || workloads);
  return new Set(running.map(({ host }) => host)).size;
}

/** All checks of a site: each part brings its own. */
import type { Fetch } from "../../stacks/doctor/ask.ts";
import { runChecks } from "../../stacks/doctor/check.ts";
import type { Examined } from "../../stacks/doctor/examined.ts";
import { ok, warning, type Finding } from "../../stacks/doctor/finding.ts";
import { releaseChecks, type Release } from "../../stacks/doctor/releases.ts";
import { argocdChecks, argocdReleases } from "../../stacks/parts/argocd/doctor.ts";
import { backupChecks, backupReleases } from "../../stacks/parts/backup/doctor.ts";
import { bucketChecks } from "../../stacks/parts/buckets/doctor.ts";
import { certificateChecks, certificateReleases } from "../../stacks/parts/certificates/doctor.ts";
import {
  clusterChecks,
  clusterReleases,
  judgeAuthorities,
  judgeCertificates,
} from "../../stacks/parts/cluster/doctor.ts";
import { definitionChecks } from "../../stacks/parts/definitions/doctor.ts";
import { deviceChecks } from "../../stacks/parts/devices/doctor.ts";
import { dnsChecks } from "../../stacks/parts/dns/doctor.ts";
import { edgeChecks, tunnelChecks } from "../../stacks/parts/edge/doctor.ts";
import { gatewayChecks } from "../../stacks/parts/gateway/doctor.ts";
import { identityChecks } from "../../stacks/parts/identity/doctor.ts";
import { itemChecks, itemReleases } from "../../stacks/parts/items/doctor.ts";
import { kafkaChecks, kafkaReleases } from "../../stacks/parts/kafka/doctor.ts";
import { logsChecks, logsReleases } from "../../stacks/parts/logs/doctor.ts";
import { machineChecks } from "../../stacks/parts/machines/doctor.ts";
import { monitoringChecks, monitoringReleases } from "../../stacks/parts/monitoring/doctor.ts";
import { namesChecks } from "../../stacks/parts/names/doctor.ts";
import { networkChecks, networkReleases, routerChecks } from "../../stacks/parts/network/doctor.ts";
import { policyChecks } from "../../stacks/parts/policies/doctor.ts";
import { postgresChecks, postgresReleases } from "../../stacks/parts/postgres/doctor.ts";
import { proxmoxChecks, proxmoxReleases } from "../../stacks/parts/proxmox/doctor.ts";
import { redisChecks } from "../../stacks/parts/redis/doctor.ts";
import { reloaderReleases } from "../../stacks/parts/reloader/doctor.ts";
import { knownSecrets, secretChecks } from "../../stacks/parts/secrets/doctor.ts";
import { siteChecks } from "../../stacks/parts/site/doctor.ts";
import { storageChecks } from "../../stacks/parts/storage/doctor.ts";
import { tailnetChecks, tailnetReleases } from "../../stacks/parts/tailnet/doctor.ts";
import { teslaChecks, teslaPushChecks } from "../../stacks/parts/tesla/doctor.ts";
import type { SiteConfig } from "../../stacks/schema.ts";
import { withCluster } from "../../stacks/doctor/cluster.ts";
import type { Site } from "./site.ts";
import { withMachines } from "../../components/remote/ssh.ts";

/** What was asked before, so that it is asked once. */
export interface AskedBefore {
  readonly secrets?: ReturnType<typeof knownSecrets>;
  /** Reads lists of releases. */
  readonly ask?: Fetch;
}

/** Looks at everything, side by side. */
export async function examine(
  site: Site,
  { secrets = knownSecrets(site), ask }: AskedBefore = {},
): Promise<readonly Finding[]> {
  const { known, findings } = await secrets;
  const examined: Examined = { ...site, known };
  const [fromHere, onMachines, inCluster] = await Promise.all([
    runChecks([
      ...siteChecks(examined),
      ...secretChecks(examined),
      ...proxmoxChecks(examined),
      ...releaseChecks(releasesOf(site.config), ask),
      ...edgeChecks(examined),
      ...namesChecks(examined),
      ...tailnetChecks(examined),
      ...teslaChecks(examined),
    ]),
    machines(site, examined),
    cluster(site, examined),
  ]);
  return [
    ...stateOf(site),
    judgeCertificates(site, site.name),
    judgeAuthorities(site),
    ...findings,
    ...fromHere,
    ...onMachines,
    ...inCluster,
  ];
}

/** Everything that the site's config makes it download. */
export function releasesOf(
  config: Pick<
    SiteConfig,
    | "proxmox"
    | "cluster"
    | "network"
    | "certificates"
    | "onePassword"
    | "reloader"
    | "tailnet"
    | "monitoring"
    | "logs"
    | "argocd"
    | "postgres"
    | "kafka"
    | "backup"
  >,
): readonly Release[] {
  return [
    ...proxmoxReleases(config),
    ...clusterReleases(config),
    ...networkReleases(config),
    ...certificateReleases(config),
    ...itemReleases(config),
    ...reloaderReleases(config),
    ...tailnetReleases(config),
    ...monitoringReleases(config),
    ...logsReleases(config),
    ...argocdReleases(config),
    ...postgresReleases(config),
    ...kafkaReleases(config),
    ...backupReleases(config),
  ];
}

function stateOf({ name, resources, pending }: Site): readonly Finding[] {
  if (pending === 0) return [ok("state", `${resources} resources`)];
  const text = `${pending} operations of a run that was cut off are pending`;
  return [warning("state", text, `npm run up -- --stack ${name} settles them`)];
}

async function machines({ name, ssh }: Site, examined: Examined): Promise<readonly Finding[]> {
  if (examined.existing.length === 0) return [ok("machines", "none was made yet")];
  if (ssh === undefined) {
    const text = "the stack has no key for them: its last run did not end";
    return [warning("machines", text, `npm run up -- --stack ${name}`)];
  }
  return withMachines(ssh, (run) => runChecks(machineChecks(examined, run)));
}

async function cluster(
  { kubeconfig, isUp }: Site,
  examined: Examined,
): Promise<readonly Finding[]> {
  if (kubeconfig === undefined) {
    const port = await runChecks(routerChecks(examined));
    return isUp ? port : [...port, ok("cluster", "was not raised yet")];
  }
  return withCluster(kubeconfig, (run) =>
    runChecks([
      ...clusterChecks(examined, run),
      ...networkChecks(examined, run),
      ...definitionChecks(examined, run),
      ...dnsChecks(examined, run),
      ...deviceChecks(examined, run),
      ...certificateChecks(examined, run),
      ...gatewayChecks(examined, run),
      ...tunnelChecks(examined, run),
      ...policyChecks(examined, run),
      ...itemChecks(examined, run),
      ...storageChecks(examined, run),
      ...monitoringChecks(examined, run),
      ...logsChecks(examined, run),
      ...argocdChecks(examined, run),
      ...identityChecks(examined, run),
      ...postgresChecks(examined, run),
      ...redisChecks(examined, run),
      ...kafkaChecks(examined, run),
      ...bucketChecks(examined, run),
      ...backupChecks(examined, run),
      ...teslaPushChecks(examined, run),
    ]),
  );
}

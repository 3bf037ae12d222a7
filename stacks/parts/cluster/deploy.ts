import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { output, secret, type Input, type Output, type Resource } from "@pulumi/pulumi";
import { Rke2Cluster } from "../../../components/rke2/cluster.ts";
import type { ReachedMachine } from "../../../components/machine.ts";
import type { ClusterPlan } from "../../../components/rke2/config.ts";
import { toldLater } from "../../../components/rke2/authentication.ts";
import { SnapshotStore, type StorePlan } from "../../../components/rke2/snapshot-store.ts";
import { NodeLabels } from "../../../components/rke2/node-labels.ts";
import type { Renewal } from "../../../components/rke2/renewal.ts";
import { storeKey } from "../../config/s3-store.ts";
import type { Site, SiteFile } from "../../open-site.ts";
import type { SiteIdentity } from "../identity/deploy.ts";
import type { SiteMachines } from "../machines/deploy.ts";

/** The site's cluster, once its nodes have registered; it has no network yet. */
export interface SiteCluster {
  /** The machines of all nodes, servers first. */
  readonly nodes: readonly [ReachedMachine, ...ReachedMachine[]];
  /** Administrator's kubeconfig; secret. */
  readonly kubeconfig: Output<string>;
  /** Opens the cluster's snapshots, and lets servers in; secret. */
  readonly serverToken: Output<string>;
  readonly kubernetes: Kubernetes;
  /** The nodes' labels, from which schedulers and storage learn what is lost together. */
  readonly labelled: Resource;
  /** When the first of the nodes' certificates ends, RFC 3339. */
  readonly certificatesEnd: Output<string>;
}

/** Raises RKE2 on the machines, and labels its nodes. */
export function deployCluster(
  site: Site,
  { machines }: SiteMachines,
  { renews, identity }: Renewal & { readonly identity: SiteIdentity },
): SiteCluster {
  const [first, ...further] = machines.filter(({ role }) => role === "server");
  if (first === undefined) throw new Error("the config was checked to have a server, but has none");
  const agents = machines.filter(({ role }) => role === "agent");
  const { kubeconfig, serverToken, certificatesEnd, dismissals } = new Rke2Cluster(site.name, {
    cluster: { ...clusterPlan(site, (ref) => site.secrets.get(ref)), ...signOn(identity) },
    servers: [first, ...further],
    agents,
    renews,
  });
  const kubernetes = kubernetesProvider(site.name, kubeconfig);
  const labels = { nodes: machines, dismissals };
  const labelled = new NodeLabels(site.name, labels, { providers: [kubernetes] });
  deployStore(site, kubernetes);
  return {
    nodes: [first, ...further, ...agents],
    kubeconfig,
    serverToken,
    kubernetes,
    labelled,
    certificatesEnd,
  };
}

/** How people sign on to the API servers, where the config has them. */
function signOn({ kubernetes }: SiteIdentity): Pick<ClusterPlan, "signOn"> {
  if (kubernetes === undefined) return {};
  const { provider, issuer, clientId } = kubernetes;
  if (provider.service !== undefined) return { signOn: toldLater };
  return { signOn: output({ issuer, clientId }) };
}

/** The cluster's own memory of where its snapshots go, where they leave the machines. */
function deployStore({ name, config, secrets }: Site, kubernetes: Kubernetes): void {
  const store = storePlan({ name, config });
  const { s3 } = config.cluster.snapshots;
  if (store === undefined || s3 === undefined) return;
  const key = storeKey(secrets, s3);
  new SnapshotStore(name, { ...store, ...key }, { providers: [kubernetes] });
}

/** Where the site's snapshots go besides its machines; undefined where they stay there. */
export function storePlan({ name, config }: SiteFile): StorePlan | undefined {
  const { retention, s3 } = config.cluster.snapshots;
  if (s3 === undefined) return undefined;
  const servers = config.machines.filter(({ role }) => role === "server").length;
  const { endpoint, bucket, folder = name, region, lookup, ca } = s3;
  const kept = s3.retention ?? retention * servers;
  return { endpoint, bucket, folder, region, lookup, ca, retention: kept };
}

/** What all nodes share; `secretOf` gives the secret behind a reference. */
export function clusterPlan(
  { name, config }: SiteFile,
  secretOf: (ref: string) => Input<string>,
): ClusterPlan {
  const { site, cluster, network } = config;
  const { pods, services, clusterDns, clusterDomain } = network;
  const registries = Object.fromEntries(
    Object.entries(cluster.registries).map(([registry, { login, ...rest }]) => [
      registry,
      login === undefined
        ? rest
        : { ...rest, login: { ...login, password: secretOf(login.password) } },
    ]),
  );
  const { domain } = site;
  const snapshots = { ...cluster.snapshots, s3: cluster.snapshots.s3 !== undefined };
  return {
    site: name,
    domain,
    ...cluster,
    registries,
    snapshots,
    nonrootDevices: config.devicePlugin !== undefined,
    carriesStorage: config.storage !== undefined,
    pods,
    services,
    clusterDns,
    clusterDomain,
  };
}

/**
 * The site's cluster. Its identifier is the site's name from the first run on, so that a new kubeconfig updates the
 * provider instead of replacing everything on it; ConfigMaps and Secrets change in place.
 */
function kubernetesProvider(site: string, kubeconfig: Output<string>): Kubernetes {
  return new Kubernetes("kubernetes", {
    kubeconfig: secret(kubeconfig),
    clusterIdentifier: site,
    enableConfigMapMutable: true,
    enableSecretMutable: true,
  });
}

import type { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { all, interpolate, secret, type Output, type Resource } from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import type { ServiceTokenLogin } from "../components/edge/access.ts";
import { Edge } from "../components/edge/edge.ts";
import type { Publication } from "../components/edge/publication.ts";
import { Network } from "../components/network/network.ts";
import { routerConfig, type RouterConfig } from "../components/network/router.ts";
import { Fleet, type FleetMember } from "../components/proxmox/fleet.ts";
import { readInventory } from "../components/proxmox/inventory.ts";
import type { RemoteMachine } from "../components/remote/remote-step.ts";
import { Rke2Cluster, type ClusterNode } from "../components/rke2/cluster.ts";
import { NodeLabels, type LabelledNode } from "../components/rke2/node-labels.ts";
import { readSecrets, type Secrets, type SecretUse } from "../components/security/secrets.ts";
import { Tailnet } from "../components/tailnet/tailnet.ts";
import { Application } from "../components/workload/application.ts";
import { checkMachines, freshGeneration } from "./parts/machines/look.ts";
import { clusterPlan, nodePlan, routerPlan, sitePlan } from "./plans.ts";
import {
  cloudflareProvider,
  kubernetesProvider,
  proxmoxProvider,
  tailscaleProvider,
} from "./providers.ts";
import type { SiteConfig } from "./schema.ts";
import { secretUses } from "./config/secret-uses.ts";
import { secretSources } from "./config/secret-sources.ts";
import {
  connectorPlan,
  findTailnet,
  type AskPolicy,
  type TailnetFound,
} from "./parts/tailnet/look.ts";

/** What people need of a running site; the stack's outputs. */
export interface SiteOutputs {
  readonly site: string;
  /** RKE2 release. */
  readonly version: string;
  /** Address of the control plane. */
  readonly vip: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly role: string;
    readonly address: string;
  }[];
  /** The peering router's config, for whoever loads it there. */
  readonly router: RouterConfig;
  /** Addresses on the internet. */
  readonly published: readonly string[];
  /** Logins of programs at Access, by token name; secret. */
  readonly serviceTokens: Readonly<Record<string, ServiceTokenLogin>>;
  /** Administrator's kubeconfig; secret. */
  readonly kubeconfig: Output<string>;
  /** Login key of root on every machine; secret. */
  readonly sshPrivateKey: Output<string>;
  /** Lines for ~/.ssh/known_hosts, one a machine. */
  readonly knownHosts: Output<string>;
}

/** Parts of a deployment that tests replace. */
export interface SiteDeps {
  /** Names a machine's new generation. */
  readonly fresh?: () => string;
  readonly readSecrets?: (uses: readonly SecretUse[]) => Promise<Secrets>;
  readonly askPolicy?: AskPolicy;
}

/** Deploys a site, layer by layer. Throws before anything is made when a secret or a machine stands against it. */
export async function deploySite(
  name: string,
  config: SiteConfig,
  deps: SiteDeps = {},
): Promise<SiteOutputs> {
  const read = deps.readSecrets ?? ((uses) => readSecrets(uses, secretSources(config)));
  const secrets = await read(secretUses(config));
  const proxmox = proxmoxProvider(config, secrets);
  const [inventory, tailnet] = await Promise.all([
    readInventory(proxmox, config.proxmox.endpoint),
    findTailnet(name, config, secrets, deps.askPolicy),
  ]);
  const members = checkMachines(name, config, inventory, deps.fresh ?? freshGeneration);

  const login = new PrivateKey("login", { algorithm: "ED25519" });
  const fleet = new Fleet(
    name,
    { site: sitePlan(name, config), machines: members, loginKey: login.publicKeyOpenssh },
    { providers: [proxmox] },
  );

  const nodes = clusterNodes(config, members, fleet, login.privateKeyOpenssh);
  const servers = nodes.filter((node) => node.role === "server");
  const agents = nodes.filter((node) => node.role === "agent");
  const [first, ...further] = servers;
  if (first === undefined) throw new Error("the config was checked to have a server, but has none");
  const cluster = new Rke2Cluster(name, {
    cluster: clusterPlan(name, config),
    servers: [first, ...further],
    agents,
  });

  const kubernetes = kubernetesProvider(name, cluster.kubeconfig);
  new NodeLabels(name, { nodes, provider: kubernetes, dismissals: cluster.dismissals });
  const network = new Network(name, {
    clusterName: name,
    cilium: config.network.cilium,
    pods: config.network.pods,
    bgp: { ...config.network.bgp, loadBalancers: config.network.loadBalancers },
    nodes: nodes.map(({ machine }) => machine),
    server: first.machine,
    provider: kubernetes,
  });

  const workloads = { cluster: network.ready, kubernetes };
  const machines = [first, ...further, ...agents].map(({ machine }) => machine);
  deployTailnet(name, config, tailnet, { ...workloads, machines });
  const published = deployApps(config, secrets, workloads);
  const edge = deployEdge(name, config, secrets, { ...workloads, published });

  return {
    site: name,
    version: config.cluster.version,
    vip: config.cluster.vip,
    nodes: config.machines.map(({ name: node, role, address }) => ({ name: node, role, address })),
    router: routerConfig(routerPlan(name, config)),
    published: published.map(({ hostname }) => `https://${hostname}`),
    serviceTokens: edge?.serviceTokens ?? {},
    kubeconfig: cluster.kubeconfig,
    sshPrivateKey: secret(login.privateKeyOpenssh),
    knownHosts: all(
      nodes.map((node) => interpolate`${node.name},${node.address} ${node.machine.hostKey}\n`),
    ).apply((lines) => lines.join("")),
  };
}

/** What everything that runs in the cluster needs of it. */
interface Workloads {
  /** The step after which pods run. */
  readonly cluster: Resource;
  readonly kubernetes: Kubernetes;
}

function deployTailnet(
  name: string,
  config: SiteConfig,
  found: TailnetFound | undefined,
  { cluster, kubernetes, machines }: Workloads & { machines: readonly RemoteMachine[] },
): void {
  const [first, ...further] = machines;
  if (config.tailnet === undefined || found === undefined || first === undefined) return;
  const { version, operator, splitDns } = config.tailnet;
  new Tailnet(name, {
    site: name,
    ...found,
    machines: [first, ...further],
    version,
    operatorChart: operator.chart,
    connector: connectorPlan(config, config.tailnet),
    dns: { domain: config.site.domain, nameservers: splitDns ?? [config.site.gateway] },
    clusterReady: cluster,
    tailscale: tailscaleProvider(found.access),
    kubernetes,
  });
}

/** The applications that the config names; returns what they want published. */
function deployApps(
  { apps, network }: SiteConfig,
  secrets: Secrets,
  { cluster, kubernetes }: Workloads,
): readonly Publication[] {
  if (apps.typeo === undefined) return [];
  const { settings, ...plan } = apps.typeo;
  const values = Object.fromEntries(
    Object.entries(settings).map(([variable, ref]) => [variable, secrets.get(ref)]),
  );
  const { clusterDomain } = network;
  const typeo = new Application(
    "typeo",
    { title: "Typeo", ...plan, settings: values, clusterDomain, cluster },
    { providers: [kubernetes] },
  );
  return typeo.published;
}

function deployEdge(
  name: string,
  { edge }: SiteConfig,
  secrets: Secrets,
  { cluster, kubernetes, published }: Workloads & { published: readonly Publication[] },
): Edge | undefined {
  if (edge === undefined) return undefined;
  const { apiToken, ...plan } = edge;
  return new Edge(name, {
    site: name,
    ...plan,
    publish: published,
    cluster,
    cloudflare: cloudflareProvider(secrets.get(apiToken)),
    kubernetes,
  });
}

function clusterNodes(
  config: SiteConfig,
  members: readonly FleetMember[],
  fleet: Fleet,
  privateKey: Output<string>,
): readonly (ClusterNode & LabelledNode)[] {
  return config.machines.flatMap((machine) => {
    const member = members.find(({ name }) => name === machine.name);
    const made = fleet.machines.get(machine.name);
    if (member === undefined || made === undefined) return [];
    const { name, address, host, labels } = machine;
    const { generation, offline } = member;
    return [
      {
        ...nodePlan(machine, generation),
        host,
        labels,
        memoryMiB: machine.memoryMiB,
        machine: {
          name,
          address,
          privateKey,
          hostKey: made.hostKey,
          generation,
          offline,
          vm: made.vm,
        },
      },
    ];
  });
}

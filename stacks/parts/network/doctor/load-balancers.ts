/** Services of type LoadBalancer: who announces them, and whether one answers this workstation. */
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";

/** A Service, as far as the doctor looks. */
export interface ServiceInForce {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: {
    readonly type?: string;
    readonly loadBalancerClass?: string;
    readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
  };
}

/** A Lease (coordination.k8s.io/v1), as far as the doctor looks. */
export interface LeaseInForce {
  readonly metadata: { readonly name: string };
  readonly spec?: { readonly holderIdentity?: string };
}

/** A Service that a connection can be tried with. */
export interface Published {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Cilium's: those of another class, such as `tailscale`, have addresses elsewhere, and Cilium leaves them alone. */
const balanced = (services: readonly ServiceInForce[]): readonly ServiceInForce[] =>
  services.filter(
    ({ spec: { type, loadBalancerClass = "io.cilium/" } = {} }) =>
      type === "LoadBalancer" && loadBalancerClass.startsWith("io.cilium/"),
  );

const addressOf = ({ status }: ServiceInForce): string | undefined =>
  status?.loadBalancer?.ingress?.find(({ ip }) => ip !== undefined)?.ip;

/** The first load balancer with an address and a TCP port; undefined where there is none. */
export function publishedService(services: readonly ServiceInForce[]): Published | undefined {
  for (const service of balanced(services)) {
    const address = addressOf(service);
    const port = service.spec?.ports?.find(({ protocol = "TCP" }) => protocol === "TCP")?.port;
    const name = `${service.metadata.namespace}/${service.metadata.name}`;
    if (address !== undefined && port !== undefined) return { name, address, port };
  }
  return undefined;
}

/**
 * On the LAN each load balancer has one node that answers for it, and holds its lease
 * (https://docs.cilium.io/en/v1.19/network/l2-announcements/#leases).
 */
export function judgeLeases(
  services: readonly ServiceInForce[],
  leases: readonly LeaseInForce[],
  nodes: readonly string[],
): readonly Finding[] {
  return balanced(services)
    .filter((service) => addressOf(service) !== undefined)
    .map(({ metadata: { namespace, name } }) => {
      const subject = `announcement of ${namespace}/${name}`;
      const wanted = `cilium-l2announce-${namespace}-${name}`;
      const holder = leases.find(({ metadata }) => metadata.name === wanted)?.spec?.holderIdentity;
      if (holder === undefined || holder === "") {
        const remedy = `kubectl -n kube-system get lease ${wanted}; look at Cilium's pods (kubectl -n kube-system get pods -l k8s-app=cilium)`;
        return problem(subject, "no node answers for its address", remedy);
      }
      if (nodes.includes(holder)) return ok(subject, `${holder} answers for its address`);
      const remedy = `a node of that name has left; its lease ends by itself within a minute`;
      return warning(
        subject,
        `${holder} is to answer for its address, and is no machine of the site`,
        remedy,
      );
    });
}

/**
 * Whether a connection brought anything back.
 * @param reason why not; undefined when something came, or nothing could be tried
 */
export function judgeAnswer(
  { l2, exposeServices }: { readonly l2: boolean; readonly exposeServices: boolean },
  service: Published | undefined,
  reason: string | undefined,
): Finding {
  const open = exposeServices && !l2 ? "; ClusterIPs answer whoever the router lets in" : "";
  if (service === undefined) return ok("load balancers", `no service has an address${open}`);
  const { name, address, port } = service;
  const subject = `load balancer ${name}`;
  if (reason === undefined)
    return ok(subject, `${address}:${port} answers this workstation${open}`);
  const way = l2
    ? "on the LAN its address must be free, outside of the DHCP range (arping -D), and this workstation in it"
    : "where clients share the nodes' LAN, a router that keeps state sees half of each connection and drops it: docs/router.md";
  return warning(subject, `${address}:${port} does not answer this workstation: ${reason}`, way);
}

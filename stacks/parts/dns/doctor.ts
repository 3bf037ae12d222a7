/** The cache of DNS on every node: its pods, and the redirect that brings them what pods ask the cluster's DNS. */
import { dnsPorts, clusterDnsService } from "../../../components/dns/redirect.ts";
import { cacheName } from "../../../components/dns/cache-pods.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";

const { namespace, name: service } = clusterDnsService;
const redirect = "ciliumlocalredirectpolicies.cilium.io";

/** A DaemonSet, as far as the doctor looks. */
export interface CachesInForce {
  readonly status?: {
    /** Nodes that are to have a pod. */
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
  };
}

/** A Service, as far as the doctor looks. */
export interface ServiceInForce {
  readonly spec?: {
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: string;
    }[];
  };
}

/** None where the part is switched off, or the site has not been brought up. */
export function dnsChecks(
  { config: { dns }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (dns === undefined || !isUp) return [];
  const one = async <T>(kind: string, name: string): Promise<T | undefined> => {
    const object = ["-n", namespace, "get", kind, name, "--ignore-not-found", "-o", "json"];
    const text = await kubectl(run, ...object);
    return text.trim() === "" ? undefined : (JSON.parse(text) as T);
  };
  return [
    {
      subject: "DNS caches",
      run: async () => [judgeCaches(await one<CachesInForce>("daemonsets.apps", cacheName))],
    },
    {
      subject: "redirect to DNS caches",
      run: async () => {
        const [policy, to] = await Promise.all([
          one<object>(redirect, cacheName),
          one<ServiceInForce>("services", service),
        ]);
        return [judgeRedirect(policy, to)];
      },
    },
  ];
}

const again = "npm run up with --refresh makes it";

/** Every node has a cache that is ready; the cluster's own DNS answers where one is not, and knows fewer names. */
export function judgeCaches(caches: CachesInForce | undefined): Finding {
  const subject = "DNS caches";
  if (caches === undefined) return problem(subject, `${cacheName} is not in the cluster`, again);
  const { desiredNumberScheduled: nodes = 0, numberReady: ready = 0 } = caches.status ?? {};
  const text = `${ready} of ${nodes} nodes have one that is ready`;
  if (nodes > 0 && ready >= nodes) return ok(subject, text);
  const remedy = `kubectl -n ${namespace} get pods -l k8s-app=${cacheName} -o wide; docs/dns.md`;
  return (ready === 0 ? problem : warning)(subject, text, remedy);
}

/** The policy is there, and the Service's ports have the names by which alone Cilium redirects them. */
export function judgeRedirect(policy: object | undefined, to: ServiceInForce | undefined): Finding {
  const subject = "redirect to DNS caches";
  if (policy === undefined)
    return problem(subject, `${cacheName} is not in the cluster, so nobody asks the caches`, again);
  const ports = to?.spec?.ports ?? [];
  const unnamed = dnsPorts.filter(
    ({ name, port, protocol }) =>
      !ports.some(
        (one) =>
          one.name === name && one.port === port && (one.protocol ?? "TCP") === String(protocol),
      ),
  );
  if (unnamed.length === 0)
    return ok(subject, `is there, and ${service} has the ports that it names`);
  const names = unnamed.map(({ name }) => name).join(" and ");
  const text = `${service} in ${namespace} has no port ${names}, so Cilium redirects nothing of it`;
  const remedy = `kubectl -n ${namespace} get service ${service} -o yaml; another release of RKE2's chart of CoreDNS calls them otherwise`;
  return problem(subject, text, remedy);
}

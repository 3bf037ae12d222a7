/** RKE2's DNS for the cluster, as its chart rke2-coredns makes it. */
export const clusterDnsService = {
  namespace: "kube-system",
  name: "rke2-coredns-rke2-coredns",
  /** Of its pods; those of its autoscaler have another one. */
  selector: { "k8s-app": "kube-dns" },
} as const;

/**
 * Ports of DNS under the names that RKE2's Service gives them. Cilium compares names three times: a port of the Service is
 * redirected only if the policy's backend has its name, and to a pod only if a port of the pod has it
 * (pkg/loadbalancer/redirectpolicy/controller.go, shouldRedirectFrontend). Under any other name nothing is redirected, and
 * nothing says so.
 * @see https://github.com/coredns/helm/blob/coredns-1.45.2/charts/coredns/templates/_helpers.tpl coredns.servicePorts
 */
export const dnsPorts = [
  { name: "udp-53", port: 53, protocol: "UDP" },
  { name: "tcp-53", port: 53, protocol: "TCP" },
] as const;

/**
 * Spec of the CiliumLocalRedirectPolicy that sends what a node's pods ask the cluster's DNS to the cache on that node. While
 * no pod of the cache is ready there, Cilium goes on with the Service's own pods. `skipRedirectFromBackend` is left out: the
 * caches ask another Service, which nothing redirects, so that no loop can arise.
 * @see https://docs.cilium.io/en/v1.19/network/kubernetes/local-redirect-policy/
 */
export function localRedirect(cache: Readonly<Record<string, string>>) {
  const toPorts = dnsPorts.map(({ name, port, protocol }) => ({
    name,
    port: String(port),
    protocol,
  }));
  const { name: serviceName, namespace } = clusterDnsService;
  return {
    redirectFrontend: { serviceMatcher: { serviceName, namespace, toPorts } },
    redirectBackend: { localEndpointSelector: { matchLabels: { ...cache } }, toPorts },
  };
}

/**
 * Spec of the NetworkPolicy that lets every pod ask the caches on nodes with the CIS profile. There RKE2 closes kube-system
 * to the pods of other namespaces, and excepts the port of the cluster's own DNS alone (rancher/rke2, pkg/rke2/np.go): what
 * the redirect brings to a cache would be dropped. The machine itself, with its kubelet, is always let in by Cilium.
 */
export function questionsAllowed(cache: Readonly<Record<string, string>>) {
  return {
    podSelector: { matchLabels: { ...cache } },
    policyTypes: ["Ingress"],
    ingress: [{ ports: dnsPorts.map(({ port, protocol }) => ({ port, protocol })) }],
  };
}

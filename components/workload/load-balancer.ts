/**
 * A Service that is reached at its own address, or at its ClusterIP by a device of the tailnet. Node ports, which Kubernetes gives
 * load balancers by itself, would answer on every machine's address of the LAN as well: past the tailnet's grants.
 * @see https://kubernetes.io/docs/concepts/services-networking/service/#load-balancer-nodeport-allocation
 */
export const loadBalancer = { type: "LoadBalancer", allocateLoadBalancerNodePorts: false } as const;

/** The peering of every node with the site's router. */
export interface BgpPlan {
  readonly localAsn: number;
  readonly routerAsn: number;
  /** Address that the router's BGP speaker listens on. */
  readonly routerAddress: string;
  /** Pool of LoadBalancer addresses in CIDR form. */
  readonly loadBalancers: string;
}

/** Session settings that both sides share: seconds, and hops to the router. */
export const session = { hold: 9, keepalive: 3, multihop: 4, restart: 15 } as const;

/** A custom resource: kind, name, labels and spec. */
export interface BgpResource {
  readonly kind: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

const advertised = { advertise: "bgp" };

/**
 * Cilium's BGP resources (`cilium.io/v2`): each Linux node peers with the router and announces its pods' network and the
 * addresses of services.
 * @see https://docs.cilium.io/en/v1.19/network/bgp-control-plane/bgp-control-plane-configuration/
 */
export function bgpResources(plan: BgpPlan): readonly BgpResource[] {
  return [
    {
      kind: "CiliumBGPAdvertisement",
      name: "router",
      labels: advertised,
      spec: {
        advertisements: [
          { advertisementType: "PodCIDR" },
          {
            advertisementType: "Service",
            service: { addresses: ["ClusterIP", "ExternalIP", "LoadBalancerIP"] },
            // An expression that holds for every service: an absent selector would select none.
            selector: {
              matchExpressions: [
                { key: "homelab/advertise", operator: "NotIn", values: ["never"] },
              ],
            },
          },
        ],
      },
    },
    {
      kind: "CiliumBGPPeerConfig",
      name: "router",
      spec: {
        timers: {
          holdTimeSeconds: session.hold,
          keepAliveTimeSeconds: session.keepalive,
          connectRetryTimeSeconds: 5,
        },
        ebgpMultihop: session.multihop,
        gracefulRestart: { enabled: true, restartTimeSeconds: session.restart },
        families: [{ afi: "ipv4", safi: "unicast", advertisements: { matchLabels: advertised } }],
      },
    },
    {
      kind: "CiliumBGPClusterConfig",
      name: "router",
      spec: {
        nodeSelector: { matchLabels: { "kubernetes.io/os": "linux" } },
        bgpInstances: [
          {
            name: `as-${plan.localAsn}`,
            localASN: plan.localAsn,
            peers: [
              {
                name: "router",
                peerASN: plan.routerAsn,
                peerAddress: plan.routerAddress,
                peerConfigRef: { name: "router" },
              },
            ],
          },
        ],
      },
    },
    {
      kind: "CiliumLoadBalancerIPPool",
      name: "load-balancers",
      spec: { blocks: [{ cidr: plan.loadBalancers }] },
    },
  ];
}

/** Custom resource definitions that the resources above need. */
export const bgpKinds = [
  "ciliumbgpadvertisements.cilium.io",
  "ciliumbgppeerconfigs.cilium.io",
  "ciliumbgpclusterconfigs.cilium.io",
  "ciliumloadbalancerippools.cilium.io",
] as const;

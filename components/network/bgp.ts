import type { Input } from "@pulumi/pulumi";
import type { CiliumResource } from "./announcement.ts";

/** A router that every node peers with. */
export interface BgpPeer {
  /** Name of its resources; unique among the peers. */
  readonly name: string;
  readonly asn: number;
  /** Address that its BGP speaker listens on. */
  readonly address: string;
  /** Password of the sessions with it (TCP MD5, RFC 2385); secret. */
  readonly password?: Input<string>;
}

/** The peering of every node with the site's routers. */
export interface BgpPlan {
  readonly localAsn: number;
  readonly peers: readonly BgpPeer[];
  /** Whether ClusterIPs are announced. */
  readonly exposeServices: boolean;
}

/**
 * Session settings that both sides share: seconds, and hops to the router. `restart` is Cilium's own default: an agent
 * that restarts, whose packets eBPF goes on forwarding, keeps its routes for so long; its next image is there before
 * (image-pull.ts). A router that counts silence as a restart (RFC 8538, FRR) sends a dead node its share for as long.
 */
export const session = { hold: 9, keepalive: 3, multihop: 4, restart: 120 } as const;

/** Where Cilium looks for passwords of BGP sessions (`bgpControlPlane.secretsNamespace`), and under which key. */
export const passwordSecret = {
  namespace: "kube-system",
  key: "password",
  /** Name of a peer's Secret. */
  of: ({ name }: Pick<BgpPeer, "name">): string => `bgp-${name}`,
} as const;

const advertised = { advertise: "bgp" };

/**
 * Cilium's BGP resources (`cilium.io/v2`): each Linux node that is to stay peers with the routers and announces its pods'
 * network and the addresses of services.
 * @see https://docs.cilium.io/en/v1.19/network/bgp-control-plane/bgp-control-plane-configuration/
 */
export function bgpResources(plan: BgpPlan): readonly CiliumResource[] {
  return [advertisement(plan), ...plan.peers.map(peerConfig), clusterConfig(plan)];
}

function advertisement({ exposeServices }: BgpPlan): CiliumResource {
  const addresses = [...(exposeServices ? ["ClusterIP"] : []), "ExternalIP", "LoadBalancerIP"];
  return {
    version: "v2",
    kind: "CiliumBGPAdvertisement",
    name: "router",
    labels: advertised,
    spec: {
      advertisements: [
        { advertisementType: "PodCIDR" },
        {
          advertisementType: "Service",
          service: { addresses },
          // An expression that holds for every service: an absent selector would select none.
          selector: {
            matchExpressions: [{ key: "homelab/advertise", operator: "NotIn", values: ["never"] }],
          },
        },
      ],
    },
  };
}

function peerConfig(peer: BgpPeer): CiliumResource {
  return {
    version: "v2",
    kind: "CiliumBGPPeerConfig",
    name: peer.name,
    spec: {
      timers: {
        holdTimeSeconds: session.hold,
        keepAliveTimeSeconds: session.keepalive,
        connectRetryTimeSeconds: 5,
      },
      ebgpMultihop: session.multihop,
      gracefulRestart: { enabled: true, restartTimeSeconds: session.restart },
      families: [{ afi: "ipv4", safi: "unicast", advertisements: { matchLabels: advertised } }],
      ...(peer.password === undefined ? {} : { authSecretRef: passwordSecret.of(peer) }),
    },
  };
}

function clusterConfig({ localAsn, peers }: BgpPlan): CiliumResource {
  return {
    version: "v2",
    kind: "CiliumBGPClusterConfig",
    name: "router",
    spec: {
      // A machine that is about to go has the label (components/rke2/scripts/bgp.sh).
      nodeSelector: {
        matchLabels: { "kubernetes.io/os": "linux" },
        matchExpressions: [{ key: "homelab/bgp", operator: "NotIn", values: ["out"] }],
      },
      bgpInstances: [
        {
          name: `as-${localAsn}`,
          localASN: localAsn,
          peers: peers.map(({ name, asn, address }) => ({
            name,
            peerASN: asn,
            peerAddress: address,
            peerConfigRef: { name },
          })),
        },
      ],
    },
  };
}

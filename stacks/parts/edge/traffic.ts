import { cloudflaredNamespace } from "../../../components/edge/cloudflared.ts";
import {
  names,
  pods,
  tcp,
  udp,
  type Flow,
  type Networks,
} from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import type { SiteConfig } from "../../schema.ts";

/** The tunnel's ends in the cluster. */
export const cloudflaredPods = pods("cloudflared", cloudflaredNamespace.name, {
  "app.kubernetes.io/name": cloudflaredNamespace.name,
});

/** Where Cloudflare says that both regions of its edge are. */
const edgeNetworks: Networks = {
  kind: "networks",
  title: "Cloudflare's edge",
  networks: [{ cidr: "198.41.192.0/24" }, { cidr: "198.41.200.0/24" }],
};

/**
 * Cloudflare's edge, QUIC and HTTP/2; cloudflared asks for a record of services and for names first. It does so once, when it
 * starts (cloudflare/cloudflared supervisor/supervisor.go NewSupervisor), and connects to any of these addresses as long as it
 * runs; Cilium forgets an answer that nobody has connected to when it has run out. So the addresses are let through as such,
 * and the names for the day on which they are others. It sends requests to the applications that are published, whose flows
 * say so.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/tunnel-with-firewall/
 */
export function edgeTraffic({ edge }: Pick<SiteConfig, "edge">): readonly Flow[] {
  if (edge === undefined) return [];
  const from = cloudflaredPods;
  const ports = [...tcp(7844), ...udp(7844)];
  const why = "the tunnel to Cloudflare's edge";
  return [
    {
      from,
      to: names(dnsName("region1.v2.argotunnel.com"), dnsName("region2.v2.argotunnel.com")),
      ports,
      why,
    },
    { from, to: edgeNetworks, ports, why },
    {
      from,
      to: { kind: "questions", names: [dnsName("_v2-origintunneld._tcp.argotunnel.com")] },
      why: "where Cloudflare's edge is",
    },
    ...(edge.team === undefined
      ? []
      : [
          {
            from,
            to: names(dnsName(`${edge.team}.cloudflareaccess.com`)),
            ports: tcp(443),
            why: "the keys that Access marks requests with",
          },
        ]),
  ];
}

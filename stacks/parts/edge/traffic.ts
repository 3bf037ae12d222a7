import { cloudflaredNamespace } from "../../../components/edge/cloudflared.ts";
import { names, pods, tcp, udp, type Flow } from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import type { SiteConfig } from "../../schema.ts";

/** The tunnel's ends in the cluster. */
export const cloudflaredPods = pods("cloudflared", cloudflaredNamespace.name, {
  "app.kubernetes.io/name": cloudflaredNamespace.name,
});

/**
 * Cloudflare's edge by names, QUIC and HTTP/2; cloudflared asks for a record of services first. It sends requests to the
 * applications that are published, whose flows say so.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/tunnel-with-firewall/
 */
export function edgeTraffic({ edge }: Pick<SiteConfig, "edge">): readonly Flow[] {
  if (edge === undefined) return [];
  const from = cloudflaredPods;
  return [
    {
      from,
      to: names(dnsName("region1.v2.argotunnel.com"), dnsName("region2.v2.argotunnel.com")),
      ports: [...tcp(7844), ...udp(7844)],
      why: "the tunnel to Cloudflare's edge",
    },
    {
      from,
      to: { kind: "questions", names: [dnsName("_v2-origintunneld._tcp.argotunnel.com")] },
      why: "where Cloudflare's edge is",
    },
  ];
}

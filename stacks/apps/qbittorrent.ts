import { z } from "zod";
import { imageName, ipv4 } from "../config/forms.ts";
import { oneLine, secretRef } from "../config/secret-ref.ts";
import type { SiteView } from "./site-view.ts";
import { statefulApplication } from "./stateful.ts";

const wireGuardKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, "use a key of WireGuard: 44 characters of base64");

const vpn = z
  .strictObject({
    endpoint: ipv4.meta({
      description:
        "Address of the VPN's server: the one thing on the internet that the pod reaches",
      examples: ["198.51.100.7"],
    }),
    port: z.int().min(1).max(65_535).default(51_820).describe("UDP port of the VPN's server"),
    publicKey: wireGuardKey.meta({
      description: "Public key of the VPN's server",
      examples: ["VNNO5MYorFu1UerHvoXccW6TvotxbJ1GAGJKtzM9HTY="],
    }),
    address: z.cidrv4("use the tunnel's own address, such as 10.64.0.2/32").meta({
      description: "Address in the tunnel, as the VPN's provider gives it",
      examples: ["10.64.0.2/32"],
    }),
    privateKey: secretRef("Private key of the tunnel", "op://Homelab/VPN/private-key", oneLine),
    presharedKey: secretRef(
      "Key that both ends of the tunnel share, where the VPN's provider gives one",
      "op://Homelab/VPN/preshared-key",
      oneLine,
    ).optional(),
    image: imageName.default("ghcr.io/qdm12/gluetun").describe("Image of gluetun, without its tag"),
    version: z.string().default("v3.41.1").describe("Tag of gluetun"),
  })
  .describe("The tunnel (WireGuard, by gluetun) through which alone it reaches the internet");

/**
 * What it begins with, in place of the image's own (apps/qbittorrent/defaults/qBittorrent.conf), which asks nobody from a private
 * network for a password: behind a gateway that is everybody. The host that is asked for is the gateway's. An address
 * that gives five wrong passwords is banned: the one that a trusted proxy tells of, and the gateway's, which is everybody's, where
 * none is trusted (qbittorrent/qBittorrent, src/webui/webapplication.cpp, resolveClientAddress).
 */
const configuration = ({ network }: SiteView): string => `[LegalNotice]
Accepted=true

[BitTorrent]
Session\\DefaultSavePath=/media/downloads
Session\\UseOSCache=true

[Preferences]
Connection\\UPnP=false
WebUI\\Address=*
WebUI\\HostHeaderValidation=false
WebUI\\LocalHostAuth=true
WebUI\\ReverseProxySupportEnabled=true
WebUI\\TrustedReverseProxiesList=${network.pods}
WebUI\\UseUPnP=false
`;

/**
 * A gluetun that was killed leaves its rules (its table is 51820) to the pod's network, which outlives its container, and the next
 * one ends at them: "adding rule: file exists" (gluetun-wiki, setup/advanced/kubernetes.md). Where there are none, there is nothing
 * to say. And it asks whatever private server the pod is told of for names without a dot or of no public domain: it would ask
 * itself without end (gluetun v3.41.1, internal/dns/run.go; qdm12/dns, pkg/nameserver/getlocal.go). Nobody is asked at this one,
 * for gluetun puts itself there, and until then no packet leaves the pod.
 */
const beforeStart =
  "ip rule del table 51820 2>/dev/null; ip -6 rule del table 51820 2>/dev/null; echo nameserver 1.1.1.1 >/etc/resolv.conf; exec /gluetun-entrypoint";

/**
 * qBittorrent beside gluetun, which sends all that the pod sends into a WireGuard tunnel, answers its lookups through it, and
 * has a firewall of its own. The kill switch is none of these: the pod's network policy lets it reach the VPN's server and
 * nothing else, so that a pod whose tunnel is down, or whose gluetun is not there yet, is silent.
 * @see https://github.com/qdm12/gluetun-wiki/blob/main/setup/advanced/kubernetes.md
 */
export const qbittorrent = statefulApplication({
  title: "QBittorrent",
  about: "qBittorrent, which downloads through a VPN alone",
  image: "ghcr.io/home-operations/qbittorrent",
  port: 8080,
  // Its page for the login; the API answers nobody without one.
  probe: { path: "/" },
  // With gluetun behind it, no longer than a machine that shuts down gives (components/machine.ts).
  leaveSeconds: 230,
  user: { uid: 1000, gid: 1000 },
  volumes: [{ name: "config", folder: "/config", sizeGiB: 5, backup: true }],
  library: { name: "media", folder: "/media" },
  cpu: "100m",
  memory: { request: "256Mi", limit: "4Gi" },
  extra: { vpn },
  environment: () => ({ QBT_WEBUI_PORT: "8080" }),
  seed: {
    volume: "config",
    folder: "qBittorrent",
    files: ({ site }) => ({ "qBittorrent.conf": configuration(site) }),
  },
  nameservers: ["127.0.0.1"],
  egress: ({ config }) => [
    {
      networks: [{ cidr: `${config.vpn.endpoint}/32` }],
      ports: [config.vpn.port],
      protocol: "UDP",
    },
  ],
  beside: ({ config: { vpn: plan } }) => [
    {
      name: "vpn",
      image: `${plan.image}:${plan.version}`,
      command: ["/bin/sh", "-c", beforeStart],
      environment: {
        ...{ VPN_SERVICE_PROVIDER: "custom", VPN_TYPE: "wireguard" },
        WIREGUARD_ENDPOINT_IP: plan.endpoint,
        WIREGUARD_ENDPOINT_PORT: String(plan.port),
        WIREGUARD_PUBLIC_KEY: plan.publicKey,
        WIREGUARD_ADDRESSES: plan.address,
        FIREWALL_INPUT_PORTS: "8080",
        HTTP_CONTROL_SERVER_ADDRESS: "127.0.0.1:8000",
        VERSION_INFORMATION: "off",
      },
      secrets: {
        WIREGUARD_PRIVATE_KEY: plan.privateKey,
        ...(plan.presharedKey === undefined ? {} : { WIREGUARD_PRESHARED_KEY: plan.presharedKey }),
      },
      probe: { command: ["/gluetun-entrypoint", "healthcheck"] },
      ...{ cpu: "20m", memory: { request: "64Mi", limit: "256Mi" } },
      exceptions: {
        root: "gluetun makes the tunnel, its routes and its firewall",
        writableRoot: "gluetun writes its server list and its state below /gluetun and /etc",
        capabilities: {
          add: ["CHOWN", "DAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_RAW"],
          why: "WireGuard, routes and iptables are the network's administration, and /dev/net/tun is made where it is missing",
        },
      },
    },
  ],
  audiences: ["lan", "tailnet"],
  checks: ({ config: { egress, logins } }, path) => [
    ...(egress.length === 0
      ? []
      : [
          {
            path: `${path}.egress`,
            text: "its only way out is its VPN, and whatever else it reached would know its address; remove it",
          },
        ]),
    ...(logins.length === 0
      ? []
      : [
          {
            path: `${path}.logins`,
            text: "it keeps nothing in a store, and reaches none; remove it",
          },
        ]),
  ],
});

/** The simulated world outside the program: its networks, its Proxmox hosts, and what the internet serves. */

/** A Proxmox node of the datacentre. */
export interface HostInventory {
  readonly name: string;
  /** IPv4 address on the site's LAN; the API listens here on 8006 and sshd on 22. */
  readonly address: string;
  /** Physical memory in MiB. */
  readonly memoryMiB: number;
  readonly cores: number;
  /** Its bridges; those of one name on a site's hosts are wired together. */
  readonly bridges: readonly { readonly name: string; readonly mtu: number }[];
  /** PCI devices that mappings may name. */
  readonly pciDevices: readonly {
    readonly path: string;
    readonly id: string;
    readonly subsystemId: string;
    readonly iommuGroup: number;
    /** Whether its driver can divide it (mediated devices). */
    readonly mediated?: boolean;
  }[];
  /** USB devices by bus and port. */
  readonly usbDevices: readonly { readonly path: string; readonly id: string }[];
}

/** One LAN with its router and its Proxmox cluster. */
export interface SiteInventory {
  readonly name: string;
  /** Linux bridge inside the lab that is the LAN; machines know it as vmbr0 on every host. */
  readonly bridge: string;
  /** VLAN that the LAN is on the hosts' vmbr0; untagged when left out. */
  readonly vlan?: number;
  /** LAN in CIDR form. */
  readonly lan: string;
  /** The router's address on the LAN; it also answers DNS. */
  readonly gateway: string;
  /** Further addresses of the router, in CIDR form: its BGP speaker listens on the first. */
  readonly routerAddresses: readonly string[];
  /** The lab's own seat on this LAN (where pulumi runs), in CIDR form. */
  readonly seat: string;
  readonly hosts: readonly HostInventory[];
}

/** The bridge of every host that leads to the LAN. */
export const lanBridge = "vmbr0";

const host = (name: string, address: string): HostInventory => ({
  name,
  address,
  memoryMiB: 65_536,
  cores: 16,
  bridges: [
    { name: lanBridge, mtu: 1500 },
    { name: "vmbr1", mtu: 9000 },
  ],
  pciDevices: [
    { path: "0000:01:00.0", id: "10de:2204", subsystemId: "1462:3884", iommuGroup: 12 },
    { path: "0000:01:00.1", id: "10de:1aef", subsystemId: "1462:3884", iommuGroup: 12 },
  ],
  usbDevices: [{ path: "1-4", id: "10c4:ea60" }],
});

export const sites: readonly SiteInventory[] = [
  {
    name: "home",
    bridge: "vmbr0",
    lan: "192.168.1.0/24",
    gateway: "192.168.1.1",
    routerAddresses: ["10.0.0.1/32"],
    seat: "192.168.1.2/24",
    hosts: [
      host("stone", "192.168.1.11"),
      host("tank", "192.168.1.12"),
      host("titan", "192.168.1.13"),
      host("vault", "192.168.1.14"),
    ],
  },
  {
    name: "cabin",
    bridge: "vmbr1",
    lan: "192.168.2.0/24",
    gateway: "192.168.2.1",
    routerAddresses: ["10.0.1.1/32"],
    seat: "192.168.2.2/24",
    // Its hosts stand in a network of their own, its machines in a VLAN.
    vlan: 20,
    hosts: [host("hut", "192.168.20.11")],
  },
];

/** A service of the stand-in internet (TEST-NET-3, RFC 5737), and the names that lead to it. */
export interface InternetService {
  readonly address: string;
  readonly names: readonly string[];
}

/** Names that the lab's DNS and hosts file resolve to the mirrors. */
export const mirroredNames = [
  "cloud.debian.org",
  "cloud-images.ubuntu.com",
  "ghcr.io",
  "github.com",
  "1password.github.io",
  "argoproj.github.io",
  "backube.github.io",
  "charts.jetstack.io",
  "charts.rook.io",
  "ceph.github.io",
  "cloudnative-pg.github.io",
  "helm.cilium.io",
  "pkgs.tailscale.com",
  "prometheus-community.github.io",
  "raw.githubusercontent.com",
  "registry-1.docker.io",
  "stakater.github.io",
  "strimzi.io",
] as const;

/** Where the mirrors answer. */
export const internetAddress = "203.0.113.10";

/** Everything that the sites use of the internet. */
export const internet = {
  mirrors: { address: internetAddress, names: mirroredNames },
  tailscale: {
    address: "203.0.113.20",
    names: ["api.tailscale.com", "login.tailscale.com", "controlplane.tailscale.com"],
  },
  cloudflare: { address: "203.0.113.30", names: ["api.cloudflare.com"] },
  /** Cloudflare's edge; the zone's proxied names lead here too. */
  edge: {
    address: "203.0.113.40",
    names: ["region1.v2.argotunnel.com", "homelab.cloudflareaccess.com"],
  },
  letsEncrypt: { address: "203.0.113.60", names: ["acme-v02.api.letsencrypt.org"] },
  letsEncryptStaging: {
    address: "203.0.113.61",
    names: ["acme-staging-v02.api.letsencrypt.org"],
  },
  /** A host of git, where the owner of the sites keeps a repository. */
  git: { address: "203.0.113.70", names: ["git.example.org"] },
  healthchecks: { address: "203.0.113.80", names: ["hc-ping.com", "healthchecks.io"] },
  discord: { address: "203.0.113.81", names: ["discord.com"] },
} as const satisfies Record<string, InternetService>;

/** Resolver of the internet: it knows the services' names and the public zone. */
export const publicResolver = "203.0.113.53";

/** All its addresses: its own, and those of resolvers that people name in their settings. */
export const resolverAddresses = [
  publicResolver,
  "1.1.1.1",
  "1.0.0.1",
  "9.9.9.9",
  "8.8.8.8",
] as const;

/** A client somewhere on the internet (TEST-NET-2), outside of every site. */
export const visitor = {
  namespace: "visitor",
  address: "198.51.100.7/24",
  gateway: "198.51.100.1/24",
  internet: "203.0.113.0/24",
} as const;

/** The Cloudflare account and its zone. */
export const publicZone = {
  accountId: "0123456789abcdef0123456789abcdef",
  id: "fedcba9876543210fedcba9876543210",
  name: "example.net",
  nameServers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
  /** Name of the Access team: its login pages are at TEAM.cloudflareaccess.com. */
  team: "homelab",
} as const;

/** The one repository at the host of git: `https://git.example.org/homelab.git`. */
export const gitRepository = "homelab.git";
/** The check at Healthchecks.io that waits for a site's heartbeat, with the key of its account's API. */
export const heartbeatCheck = {
  check: "0d3a5f0e-7c52-4c0b-9d5e-2f4b6a8c1e37",
  apiKey: "lab-healthchecks-key",
} as const;

/** The channel at Discord in which alerts are read: its webhook, and the bot that reads it. */
export const alertsChannel = {
  channel: "1290000000000000001",
  webhook: { id: "1290000000000000002", token: "lab-discord-webhook-token" },
  bot: "lab-discord-bot-token",
} as const;

/** 1Password Connect, a server on the first site's LAN. */
export const connect = { name: "connect.home.arpa", address: "192.168.1.5" } as const;

/** An S3-compatible store on the first site's LAN, for backups that leave the machines. */
export const objectStore = {
  name: "nas.home.arpa",
  address: "192.168.1.6",
  port: 9000,
  buckets: ["etcd-snapshots", "postgres", "volumes"],
} as const;

/** A cloud image that the mirror offers: a small stand-in, verified under the checksum of the real file. */
export const cloudImages = [
  {
    url: "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-genericcloud-amd64-20261001-2618.qcow2",
    sha512:
      "f46f0671a6e5bdec5291ab8972bae2f10e5408c2f64a74078f11efc2f06a436a9d0313ed50e0472542eeabf780e9f7c792ac0a314c6c20507fcd9fd81b468c3d",
  },
  {
    url: "https://cloud-images.ubuntu.com/releases/noble/release-20261015/ubuntu-24.04-server-cloudimg-amd64.img",
    sha256: "7a1c0d5e9b3f4826c1e8a07d5b2f9634de81f0a3c75b6d2948e1f7a0b3c6d952",
  },
] as const;

/** RKE2 releases that the mirror offers, oldest first. Behind all of them run the Kubernetes programs of one. */
export const rke2Versions = [
  ...["v1.33.12+rke2r1", "v1.34.10+rke2r1", "v1.35.3+rke2r1", "v1.35.4+rke2r1", "v1.35.7+rke2r1"],
  ...["v1.36.0+rke2r1", "v1.36.3+rke2r1", "v1.36.4+rke2r1"],
] as const;

/** The Tailscale release that the mirror offers. */
export const tailscaleVersion = "1.102.3";

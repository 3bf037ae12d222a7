import type { Problem } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { addressNumber, cidrRange, contains } from "../../../components/network/cidr.ts";

interface Placed {
  readonly path: string;
  readonly address: string;
}

/** Addresses lie inside the networks that they belong to, are usable there, and are used once. */
export function checkAddresses(config: SiteConfig): readonly Problem[] {
  const { lan } = config.site;
  const placed: Placed[] = [
    { path: "homelab:site.gateway", address: config.site.gateway },
    ...config.proxmox.hosts.map((host, i) => ({
      path: `homelab:proxmox.hosts[${i}].address`,
      address: host.address,
    })),
    ...config.machines.map((machine, i) => ({
      path: `homelab:machines[${i}].address`,
      address: machine.address,
    })),
    { path: "homelab:cluster.vip", address: config.cluster.vip },
  ];
  return [
    ...placed.flatMap((item) => outside(item, "homelab:site.lan", lan)),
    ...repeated(placed),
    ...outside(
      { path: "homelab:network.clusterDns", address: config.network.clusterDns },
      "homelab:network.services",
      config.network.services,
    ),
    ...reservedDns(config),
  ];
}

function outside(item: Placed, networkPath: string, cidr: string): readonly Problem[] {
  if (!contains(cidr, item.address)) {
    return [
      {
        path: item.path,
        text: `${item.address} is not in ${cidr}; use an address of ${networkPath}`,
      },
    ];
  }
  const range = cidrRange(cidr);
  const number = addressNumber(item.address);
  if (number === range.first || number === range.last) {
    return [
      {
        path: item.path,
        text: `${item.address} is the network or broadcast address of ${cidr}; use one between`,
      },
    ];
  }
  return [];
}

function repeated(placed: readonly Placed[]): readonly Problem[] {
  const seen = new Map<string, string>();
  return placed.flatMap(({ path, address }) => {
    const first = seen.get(address);
    if (first === undefined) {
      seen.set(address, path);
      return [];
    }
    return [{ path, text: `${address} is already used by ${first}; give each its own address` }];
  });
}

/** Kubernetes keeps the first service address for itself (`kubernetes.default`). */
function reservedDns(config: SiteConfig): readonly Problem[] {
  const { services, clusterDns } = config.network;
  if (addressNumber(clusterDns) !== cidrRange(services).first + 1) return [];
  return [
    {
      path: "homelab:network.clusterDns",
      text: `${clusterDns} is the API server's own service address; use the tenth, as in 10.43.0.10`,
    },
  ];
}

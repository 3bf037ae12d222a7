import { all, interpolate, secret, type Output } from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import type { MachineSpec, ReachedMachine } from "../../../components/machine.ts";
import { Fleet } from "../../../components/proxmox/fleet.ts";
import type { Found } from "../../look-around.ts";
import type { Site } from "../../open-site.ts";
import { sitePlan } from "./plan.ts";

/** The site's machines, and how people reach them. */
export interface SiteMachines {
  /** In the config's order. */
  readonly machines: readonly (MachineSpec & ReachedMachine)[];
  /** Login key of root on every machine; secret. */
  readonly privateKey: Output<string>;
  /** Lines for ~/.ssh/known_hosts, one a machine. */
  readonly knownHosts: Output<string>;
}

/** Makes the machines on Proxmox with one login key. */
export function deployMachines(site: Site, found: Found): SiteMachines {
  const login = new PrivateKey("login", { algorithm: "ED25519" });
  const { machines } = new Fleet(
    site.name,
    {
      site: sitePlan(site),
      machines: found.machines,
      power: found.power,
      founded: found.founded,
      sharedDatastores: found.sharedDatastores,
      login: { publicKey: login.publicKeyOpenssh, privateKey: login.privateKeyOpenssh },
    },
    { providers: [found.proxmox] },
  );
  return {
    machines,
    privateKey: secret(login.privateKeyOpenssh),
    knownHosts: all(
      machines.map(({ name, address, hostKey }) => interpolate`${name},${address} ${hostKey}\n`),
    ).apply((lines) => lines.join("")),
  };
}

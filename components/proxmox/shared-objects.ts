/** Whether the site's names on a Proxmox cluster are free: another stack may use the same cluster. */
import type { Problem } from "../problem.ts";
import type { ExistingMachine, WantedMachine } from "./conflicts.ts";
import type { Inventory } from "./inventory.ts";
import type { Known } from "./known-machines.ts";
import { programTag, sitesOf } from "./tags.ts";
import type { SitePlan } from "./types.ts";
import { snippetName } from "./vm-args.ts";

/** What is compared. */
export interface SharedArgs {
  readonly site: Pick<SitePlan, "name" | "pool" | "pciMappings" | "usbMappings">;
  readonly wanted: readonly WantedMachine[];
  readonly found: Pick<Inventory, "machines" | "hosts" | "pools" | "pciMappings" | "usbMappings">;
  readonly known: Known;
}

/**
 * What the site would take from somebody else: a pool or a device's mapping that is there and that this stack did not make, and
 * a cloud-init file of another site's machine. Also every machine whose host is no node of the cluster, or not any more.
 */
export function taken(args: SharedArgs): readonly Problem[] {
  return [
    ...takenPool(args),
    ...takenMappings(args, "pci"),
    ...takenMappings(args, "usb"),
    ...takenSnippets(args),
    ...strangers(args),
    ...remains(args),
  ];
}

function takenPool({ site: { pool }, found, known }: SharedArgs): readonly Problem[] {
  const there = found.pools.find(({ name }) => name === pool);
  if (there === undefined || known.pools.includes(pool)) return [];
  return [
    {
      path: "homelab:proxmox.pool",
      text:
        `the pool ${pool} is there already${said(there.comment)}, and this stack did not make it; choose another name, or, ` +
        `if nothing needs it, remove it: pvesh delete /pools/${pool}`,
    },
  ];
}

function takenMappings(
  { site, found, known }: SharedArgs,
  kind: "pci" | "usb",
): readonly Problem[] {
  const list = `${kind}Mappings` as const;
  return site[list].flatMap(({ name }, i) => {
    const there = found[list].find((mapping) => mapping.name === name);
    if (there === undefined || known[list].includes(name)) return [];
    return [
      {
        path: `homelab:proxmox.${list}[${i}].name`,
        text:
          `the ${kind.toUpperCase()} mapping ${name} is there already${said(there.comment)}, and this stack did not make it; ` +
          `choose another name, or, if nothing needs it, remove it: pvesh delete /cluster/mapping/${kind}/${name}`,
      },
    ];
  });
}

function said(comment: string): string {
  return comment === "" ? "" : ` ("${comment}")`;
}

/** Names of the files join site and machine: `lab` with `a-node` and `lab-a` with `node` would share one. */
function takenSnippets({ site, wanted, found }: SharedArgs): readonly Problem[] {
  const files = new Map(
    found.machines.flatMap((machine) =>
      otherSites(site.name, machine).map((other) => [snippetName(other, machine.name), machine]),
    ),
  );
  return wanted.flatMap(({ name }, i) => {
    const file = snippetName(site.name, name);
    const other = files.get(file);
    if (other === undefined) return [];
    const text = `its cloud-init file ${file} is that of ${other.name} (${other.vmId}) of another site; choose another name`;
    return [{ path: `homelab:machines[${i}] (${name})`, text }];
  });
}

function otherSites(site: string, { name, tags }: ExistingMachine): readonly string[] {
  if (name === "" || !tags.includes(programTag)) return [];
  return sitesOf(tags).filter((other) => other !== site);
}

function strangers({ wanted, found }: SharedArgs): readonly Problem[] {
  return wanted.flatMap(({ name, host }, i) => {
    if (found.hosts.includes(host)) return [];
    const text =
      `${host} is no node of this Proxmox cluster (it has ${[...found.hosts].sort().join(", ")}); correct the name, or, if ` +
      "the host is gone for good, take the machine out as docs/proxmox.md says under `A host that is lost for good`";
    return [{ path: `homelab:machines[${i}].host (${name})`, text }];
  });
}

/** What is listed on hosts that are no members any more, because their folders are left: nothing of it runs. */
export function ghosts({
  machines,
  hosts,
}: Pick<Inventory, "machines" | "hosts">): readonly ExistingMachine[] {
  return machines.filter(({ host }) => !hosts.includes(host));
}

/**
 * What is left of hosts that were removed from the cluster: machines that the state still has there, which nobody can
 * delete, and VM ids that stay taken as long as the host's folder is there.
 */
function remains({ site, wanted, found, known }: SharedArgs): readonly Problem[] {
  const left = ghosts(found);
  const alive = found.machines.filter((machine) => !left.includes(machine));
  const lost = known.machines
    .filter(({ host }) => !found.hosts.includes(host))
    .filter(({ vmId }) => !alive.some((machine) => machine.vmId === vmId));
  return [
    ...lost.map(({ name, host }) => ({
      path: `homelab:machines (${name})`,
      text:
        `it was on ${host}, which is no node of this Proxmox cluster any more, so that nothing can be deleted there; ` +
        `npm run forget-host -- --stack ${site.name} --host ${host}`,
    })),
    ...left
      .filter(({ vmId }) => !lost.some((machine) => machine.vmId === vmId))
      .flatMap(({ vmId, host }) => {
        const index = wanted.findIndex((machine) => machine.vmId === vmId);
        if (index < 0) return [];
        const text =
          `VM id ${vmId} is still listed on ${host}, which is no node of this Proxmox cluster any more; on another host, ` +
          `rm -r /etc/pve/nodes/${host}`;
        return [{ path: `homelab:machines[${index}] (${wanted[index]?.name ?? ""})`, text }];
      }),
  ];
}

import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { ServiceError } from "../../../components/http/service-error.ts";
import type { ProxmoxApi } from "../../../components/proxmox/proxmox-api.ts";
import { readStorages } from "../../../components/proxmox/storages.ts";
import { accept } from "../../../stacks/config/problem.ts";
import { readConfigs } from "../../../stacks/parts/machines/configs.ts";
import { judgeSiteDisks } from "../../../stacks/parts/machines/disks.ts";
import { proxmoxOf } from "../../mocked-world.ts";
import { homeConfig, type Changes } from "./sample.ts";

const gib = (text: string): number => Number.parseInt(text, 10);
const [first] = homeConfig().machines;
assert.ok(first);
const [root, data] = [first.diskGiB, gib(String(first.extraDisks[0]?.sizeGiB))];

/** What Proxmox has of a machine after an `up` of home. */
const stored = (vmId: number) => ({
  scsi0: `local-lvm:vm-${vmId}-disk-0,size=${root}G`,
  scsi1: `local-lvm:vm-${vmId}-disk-1,serial=data,size=${data}G`,
});

const known = (vmId: number, name: string, host: string) => ({
  ...{ vmId, name, host, tags: [] },
  disks: [
    {
      ...{ slot: "scsi0", datastore: "local-lvm", volume: `vm-${vmId}-disk-0` },
      sizeGiB: root,
      serial: "",
    },
    {
      ...{ slot: "scsi1", datastore: "local-lvm", volume: `vm-${vmId}-disk-1` },
      sizeGiB: data,
      serial: "data",
    },
  ],
});

/** The look at home's disks, all of its machines being there. */
async function look(
  changes: Changes = {},
  {
    config = stored,
    offline = "",
  }: {
    readonly config?: (vmId: number) => Record<string, string>;
    readonly offline?: string;
  } = {},
) {
  const site = { name: "home", config: homeConfig(changes) };
  const machines = site.config.machines.map((machine) => ({
    ...machine,
    ...{ generation: "gen-0000aaaa", offline: machine.host === offline, stands: true },
  }));
  const api: ProxmoxApi = <T>(path: string) => {
    const vmId = gib(path.split("/")[3] ?? "");
    return Promise.resolve().then(() => config(vmId) as T);
  };
  const hosts = new Map(machines.map(({ vmId, host }) => [vmId, host]));
  const judged = judgeSiteDisks(site, machines, {
    configs: await readConfigs(api, machines, hosts),
    known: {
      machines: homeConfig().machines.map(({ vmId, name, host }) => known(vmId, name, host)),
      ...{ pools: [], pciMappings: [], usbMappings: [] },
    },
    storages: await readStorages(proxmoxOf({})),
  });
  accept("home", judged);
  return judged.found;
}

async function refusal(...args: Parameters<typeof look>): Promise<string> {
  try {
    await look(...args);
  } catch (error) {
    assert.ok(RunError.isInstance(error), String(error));
    return error.message;
  }
  return assert.fail("it was not refused");
}

describe("a site's disks beside those that machines have", () => {
  it("pass as they are, and are touched", async () => {
    const found = await look();
    assert.ok(found.every(({ leaveDisks }) => !leaveDisks));
  });

  it("are refused for every machine that would lose one, in one message", async () => {
    const text = await refusal({ "machineDefaults.extraDisks": [] });
    assert.match(text, /4 problems; nothing was changed/);
    assert.match(
      text,
      /homelab:machines\[3\] \(proxmox-vault\): the config has the disk data no more/,
    );
    const allowed = {
      "machineDefaults.extraDisks": [],
      allowDiskRemoval: ["proxmox-vault/data", "proxmox-tank/data", "proxmox-titan/data"],
    };
    assert.match(await refusal(allowed), /1 problem; .*\(proxmox-stone\)/s);
  });

  it("are refused on a datastore that is not there, and by host or machine where it is", async () => {
    assert.match(
      await refusal({ "machines[0].datastores": { disks: "ceph" } }),
      /homelab:machines\[0\] \(proxmox-stone\): Proxmox shows no datastore ceph; it shows local,/,
    );
    const text = await refusal({ "proxmox.hosts[1].datastores": { disks: "nas" } });
    assert.match(
      text,
      /2 problems.*\(proxmox-tank\): the disk root \(scsi0\) lies on local-lvm, the config says nas/s,
    );
  });

  it("are refused under HA on local datastores", async () => {
    const text = await refusal({ "machines[3].ha": {} });
    assert.match(text, /\(proxmox-vault\): is under HA, and no other host has what lies on local/);
  });

  it("stay as they are where they cannot be looked at", async () => {
    const down = await look({ "machines[1].diskGiB": root + 10 }, { offline: "tank" });
    assert.deepEqual(
      down.map(({ leaveDisks }) => leaveDisks),
      [false, true, false, false],
    );
    const silent = await look(
      {},
      {
        config: (vmId) => {
          if (vmId !== 123) return stored(vmId);
          throw new ServiceError("unavailable", { status: 595 }, "595 no route to host");
        },
      },
    );
    assert.deepEqual(
      silent.map(({ leaveDisks }) => leaveDisks),
      [false, false, true, false],
    );
  });
});

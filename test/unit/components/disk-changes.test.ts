import assert from "node:assert/strict";
import type { ExtraDisk } from "../../../components/machine.ts";
import { judgeDisks, type DiskArgs } from "../../../components/proxmox/disk-changes.ts";
import {
  byIdPath,
  disksOf,
  parseSizeGiB,
  type DiskSeen,
} from "../../../components/proxmox/disks.ts";

const datastores = { images: "local", snippets: "local", disks: "local-lvm" };
const disk = (name: string, slot: number, sizeGiB: number, datastore = "local-lvm"): ExtraDisk => ({
  ...{ name, slot, sizeGiB, datastore },
});
const seen = (slot: string, sizeGiB: number, serial = "", datastore = "local-lvm"): DiskSeen => ({
  ...{ slot, sizeGiB, serial, datastore },
  volume: `vm-122-disk-${slot.replace(/\D/g, "")}`,
});

const [data, fast] = [disk("data", 1, 100), disk("fast", 2, 500)];
const root = seen("scsi0", 64);
const three = [root, seen("scsi1", 100, "data"), seen("scsi2", 500, "fast")];

/** The verdict on a machine with the root disk and two more, where the config has other extra disks. */
const judge = (
  extraDisks: readonly ExtraDisk[],
  more: Partial<DiskArgs> & { readonly diskGiB?: number } = {},
) =>
  judgeDisks({
    machine: {
      name: "proxmox-tank",
      vmId: 122,
      diskGiB: more.diskGiB ?? 64,
      extraDisks,
      datastores,
    },
    attached: three,
    known: three,
    allowed: [],
    ...more,
  });

const refused = (...args: Parameters<typeof judge>): string => judge(...args).problems.join("\n");
const passes = (...args: Parameters<typeof judge>): void =>
  assert.deepEqual(judge(...args).problems, []);

describe("disks of a machine that runs", () => {
  it("stay as they are, grow, and get a further one", () => {
    for (const wanted of [
      [data, fast],
      [fast, data],
      [disk("data", 1, 200), fast],
      [data, fast, disk("logs", 3, 10)],
    ])
      passes(wanted);
    passes([data, fast], { diskGiB: 80 });
  });

  it("are not taken away without a permission that names machine and disk", () => {
    for (const wanted of [[fast], [], [disk("fast", 2, 600)]])
      assert.match(
        refused(wanted),
        /the config has the disk data no more \(scsi1, 100 GiB, local-lvm:vm-122-disk-1\).*name proxmox-tank\/data under/,
      );
    passes([fast], { allowed: ["data"] });
    passes([fast], { allowed: ["scsi1"] });
    assert.match(refused([fast], { allowed: ["fast"] }), /disk data no more/);
    assert.match(judge([fast], { allowed: ["data"] }).notes.join(), /loses the disk data/);
  });

  it("that only the state has, after a change that failed, are told from those that were detached", () => {
    const attached = three.slice(0, 2);
    assert.match(refused([data, fast], { attached }), /fast \(scsi2\) was there after the last up/);
    const known = [...attached, { ...seen("scsi2", 500, "fast"), volume: "" }];
    const text = refused([data, fast], { attached, known });
    assert.match(text, /the state has the disk fast \(scsi2\).*last change failed.*pulumi refresh/);
    assert.doesNotMatch(text, /qm set/);
  });

  it("that Proxmox has not as the state has them are named: the provider sees no difference", () => {
    const [grown, moved] = [seen("scsi1", 200, "data"), seen("scsi2", 500, "fast", "nas")];
    const wanted = [disk("data", 1, 200), disk("fast", 2, 500, "nas")];
    const args = { allowed: ["fast"], known: [root, grown, moved] };
    const said = judge(wanted, args).notes.join("\n");
    assert.match(said, /the disk data \(scsi1\) .*scsi1, 100 GiB.*--refresh/);
    assert.match(said, /the disk fast \(scsi2\) .*local-lvm:vm-122-disk-2.*--refresh/);
    assert.doesNotMatch(judge(wanted, { allowed: ["fast"] }).notes.join(), /--refresh/);
  });

  it("do not become others when the list of one without names loses its first", () => {
    const before = [root, seen("scsi1", 100), seen("scsi2", 500)];
    const text = refused([disk("data", 1, 500)], { known: before, attached: before });
    assert.match(text, /the config has the disk scsi2 no more \(scsi2, 500 GiB/);
    passes([data, fast], { known: before, attached: before });
  });

  it("never shrink, the root disk neither", () => {
    assert.match(
      refused([disk("data", 1, 50), fast], { allowed: ["data"] }),
      /the disk data \(scsi1\) has 100 GiB, the config says 50, and Proxmox shrinks no disk: write sizeGiB: 100/,
    );
    assert.match(refused([data, fast], { diskGiB: 32 }), /the root disk has 64 GiB.*diskGiB: 64/);
    const grown = [seen("scsi0", 96), ...three.slice(1)];
    assert.match(refused([data, fast], { attached: grown }), /the root disk has 96 GiB/);
    const swapped = refused([disk("data", 1, 500), disk("fast", 2, 100)]);
    assert.match(swapped, /the disk fast \(scsi2\) has 500 GiB/);
  });

  it("do not change their slots, and keep their names", () => {
    const exchanged = refused([disk("data", 2, 500), disk("fast", 1, 100)], {
      allowed: ["data", "fast"],
    });
    assert.match(exchanged, /the disk data is in slot 1, the config says slot 2/);
    assert.match(exchanged, /the disk fast is in slot 2, the config says slot 1/);
    const renamed = [disk("store", 1, 100), fast];
    assert.match(refused(renamed), /slot 1 holds the disk data, the config calls it store/);
    passes(renamed, { allowed: ["data"] });
  });

  it("move to another datastore by permission, and the run says that the machine stops", () => {
    const moved = [disk("data", 1, 100, "nas"), fast];
    assert.match(refused(moved), /lies on local-lvm, the config says nas: the machine is stopped/);
    passes(moved, { allowed: ["data"] });
    assert.match(judge(moved, { allowed: ["data"] }).notes.join(), /stopped while data moves/);
    const machine = { name: "proxmox-tank", vmId: 122, diskGiB: 64, extraDisks: [data, fast] };
    const all = { machine: { ...machine, datastores: { ...datastores, disks: "nas" } } };
    assert.match(refused([], all), /the disk root \(scsi0\) lies on local-lvm.*proxmox-tank\/root/);
  });

  it("are not replaced in one run: the provider would give the new one the content of the old one", () => {
    const args = [[fast, disk("logs", 3, 10)], { allowed: ["data"] }] as const;
    assert.match(refused(...args), /data goes and logs comes: take disks out in one up/);
  });

  it("come behind those that were there, whatever their slots", () => {
    const known = [root, seen("scsi5", 500, "fast")];
    const { extraDisks } = judge([data, disk("fast", 5, 500)], { known, attached: known });
    assert.deepEqual(
      extraDisks.map(({ name }) => name),
      ["fast", "data"],
    );
  });
});

describe("a disk that a person attached", () => {
  const attached = [...three, seen("scsi7", 50), seen("sata0", 20)];

  it("stays where nothing else changes: the run leaves all disks alone", () => {
    const { problems, leave, notes } = judge([data, fast], { attached });
    assert.deepEqual([problems, leave], [[], true]);
    assert.match(notes[0] ?? "", /a disk that no up has made: scsi7 .*stays as long as/);
  });

  it("is named where a change would take it away, with the way to keep it", () => {
    const text = refused([data, fast], { attached, diskGiB: 80 });
    assert.match(
      text,
      /scsi7 holds a disk.*\{ name: NAME, slot: 7, sizeGiB: 50, datastore: local-lvm \}/,
    );
    assert.match(text, /sata0 holds a disk.*attach it as a scsi disk/);
    passes([data, fast], { attached, diskGiB: 80, allowed: ["scsi7", "sata0"] });
  });

  it("is taken over as it is, and not in place of another", () => {
    passes([data, fast, disk("backup", 7, 50)], { attached: attached.slice(0, 4) });
    assert.match(
      refused([data, fast, disk("backup", 7, 80)], { attached }),
      /slot 7 of backup holds a disk already that no up has made .*write its sizeGiB: 50/,
    );
  });
});

describe("a disk that a person took away", () => {
  const attached = [root, seen("scsi2", 500, "fast")];

  it("is named with the command that puts it back", () => {
    assert.match(
      refused([data, fast], { attached }),
      /the disk data \(scsi1\) was there.*qm set 122 --scsi1 local-lvm:vm-122-disk-1,serial=data/,
    );
  });

  it("may leave the config, and only then makes room for another", () => {
    passes([fast], { attached });
    assert.match(refused([fast, disk("logs", 3, 10)], { attached }), /data goes and logs comes/);
  });
});

describe("disks as Proxmox writes them", () => {
  it("are read without drives, and with their sizes, serials and places", () => {
    const config = {
      scsi0: "local-lvm:vm-121-disk-0,discard=on,iothread=1,size=64G,ssd=1",
      scsi1: "nas:121/vm-121-disk-0.raw,backup=0,serial=data,size=102400M",
      ide2: "local-lvm:vm-121-cloudinit,media=cdrom",
      ide3: "none,media=cdrom",
      unused0: "local-lvm:vm-121-disk-2",
      scsihw: "virtio-scsi-single",
      cores: 4,
    };
    assert.deepEqual(disksOf(config), [
      { slot: "scsi0", datastore: "local-lvm", volume: "vm-121-disk-0", sizeGiB: 64, serial: "" },
      {
        slot: "scsi1",
        datastore: "nas",
        volume: "121/vm-121-disk-0.raw",
        sizeGiB: 100,
        serial: "data",
      },
    ]);
    assert.deepEqual(["1T", "512M", "1073741824", "1.5G"].map(parseSizeGiB), [1024, 0.5, 1, 1.5]);
  });

  it("have a path in the machine that says the slot", () => {
    assert.equal(byIdPath(data), "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi1");
  });
});

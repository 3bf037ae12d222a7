import assert from "node:assert/strict";
import {
  readStorages,
  storageProblems,
  type StoredMachine,
} from "../../../components/proxmox/storages.ts";

const rows = [
  { storage: "local", content: "import,snippets" },
  { storage: "local-lvm", content: "images,rootdir" },
  { storage: "nas", content: "images,import,snippets", shared: 1 },
  { storage: "nvme", content: "images", nodes: "stone,tank" },
  { storage: "iso", content: "iso", shared: 1 },
];
const storages = await readStorages(<T>() => Promise.resolve(rows as T));

const said = (more: Partial<StoredMachine> = {}): string =>
  storageProblems(
    [
      {
        name: "proxmox-stone",
        host: "stone",
        extraDisks: [{ name: "data", slot: 1, sizeGiB: 100, datastore: "local-lvm" }],
        datastores: { images: "local", snippets: "local", disks: "local-lvm" },
        ...more,
      },
    ],
    storages,
  )
    .map(({ path, text }) => `${path}: ${text}`)
    .join("\n");

const ha = { maxRestart: 1, maxRelocate: 1 };
const shared = { images: "local", snippets: "nas", disks: "nas" };
const onNas = [{ name: "data", slot: 1, sizeGiB: 100, datastore: "nas" }];

describe("the datastores of a machine", () => {
  it("exist, are on its host, and take what lies there", () => {
    assert.equal(said(), "");
    assert.match(said({ datastores: { ...shared, disks: "ceph" } }), /shows no datastore ceph; it/);
    const nvme = { datastores: { ...shared, disks: "nvme" } };
    assert.equal(said(nvme), "");
    assert.match(said({ ...nvme, host: "vault" }), /vault has no datastore nvme; only stone, tank/);
    assert.match(
      said({ datastores: { ...shared, snippets: "iso" } }),
      /iso does not take the content type snippets: pvesm set iso --content iso,snippets/,
    );
  });

  it("are shared for a machine under HA: all its disks, and its cloud-init document", () => {
    assert.match(
      said({ ha }),
      /homelab:machines\[0\] \(proxmox-stone\): is under HA, .*local \(snippets\), local-lvm \(disks\)/,
    );
    assert.match(said({ ha, datastores: shared }), /lies on local-lvm \(disks\):/);
    assert.match(
      said({ ha, datastores: { ...shared, snippets: "local" }, extraDisks: onNas }),
      /local \(snippets\):/,
    );
    assert.equal(said({ ha, datastores: shared, extraDisks: onNas }), "");
  });
});

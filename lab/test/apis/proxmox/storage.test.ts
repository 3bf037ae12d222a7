import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { httpsRequest } from "../https-request.ts";
import { imageBody, imageUrl, statedSha512, TestCluster, token, vmFields } from "./cluster.ts";

describe("Proxmox API: storage", () => {
  const cluster = new TestCluster();
  const local = "nodes/stone/storage/local";
  before(() => cluster.open());
  after(() => cluster.close());

  it("tells size and name of a URL, and fails for one that does not answer", async () => {
    const asked = { url: imageUrl, "verify-certificates": "1" };
    const data = await cluster.get("nodes/stone/query-url-metadata", asked);
    assert.equal(data.size, imageBody.length);
    assert.equal(data.filename, "debian.qcow2");
    assert.match(
      await cluster.refusal("GET", "nodes/stone/query-url-metadata", { url: "https://a.test/b" }),
      /^500 download failed: .*404/,
    );
  });

  it("downloads under the checksum of the real file, lists it with its size, refuses to override", async () => {
    assert.equal(await cluster.downloadImage(), "OK");
    const content = await cluster.get<unknown[]>(`${local}/content`, { content: "import" });
    assert.partialDeepStrictEqual(content, [
      { volid: "local:import/debian.qcow2", size: imageBody.length, format: "qcow2" },
    ]);
    assert.deepEqual(await cluster.get("nodes/tank/storage/local/content"), []);
    assert.match(
      await cluster.refusal("POST", `${local}/download-url`, {
        content: "import",
        filename: "debian.qcow2",
        url: imageUrl,
      }),
      /^500 refusing to override existing file 'debian\.qcow2'/,
    );
  });

  it("keeps a download under its name with a _ for every other character", async () => {
    const name = { content: "import", filename: "a+b~1.qcow2", url: imageUrl };
    assert.equal(await cluster.task("POST", `${local}/download-url`, name), "OK");
    const content = await cluster.get<{ volid: string }[]>(`${local}/content`);
    assert.ok(content.some(({ volid }) => volid === "local:import/a_b_1.qcow2"));
    await cluster.ok("DELETE", `${local}/content/import%2Fa_b_1.qcow2`);
  });

  it("fails the task with both checksums when they differ, and keeps no file", async () => {
    const status = await cluster.task("POST", `${local}/download-url`, {
      content: "import",
      filename: "other.qcow2",
      url: imageUrl,
      checksum: "ab".repeat(64),
      "checksum-algorithm": "sha512",
    });
    assert.equal(status, `checksum mismatch: got '${statedSha512}' != expect '${"ab".repeat(64)}'`);
    assert.ok(!existsSync(join(cluster.stateDir, "stone/var/lib/vz/import/other.qcow2")));
  });

  it("deletes with and without the storage's name in the volume id; gone is `does not exist`", async () => {
    await cluster.ok("DELETE", `${local}/content/import%2Fdebian.qcow2`);
    assert.match(
      await cluster.refusal("DELETE", `${local}/content/local:import%2Fdebian.qcow2`),
      /^500 .*does not exist/,
    );
    assert.deepEqual(await cluster.get(`${local}/content`), []);
  });

  it("takes an upload as a multipart form", async () => {
    const form = new FormData();
    form.append("content", "iso");
    form.append("filename", new File(["seed"], "seed.iso"));
    const encoded = new Response(form);
    const answer = await httpsRequest(
      {
        host: "127.0.0.1",
        port: cluster.port,
        rejectUnauthorized: false,
        method: "POST",
        path: `/api2/json/${local}/upload`,
        headers: {
          authorization: `PVEAPIToken=${token}`,
          "content-type": encoded.headers.get("content-type") ?? "",
        },
      },
      Buffer.from(await encoded.arrayBuffer()),
    );
    assert.equal(answer.status, 200, answer.statusText);
    await cluster.proxmox.idle();
    const file = join(cluster.stateDir, "stone/var/lib/vz/template/iso/seed.iso");
    assert.equal(readFileSync(file, "utf8"), "seed");
  });

  it("lists a snippet that was put into the host's folder, with its real size", async () => {
    writeFileSync(join(cluster.stateDir, "stone/var/lib/vz/snippets/node.yaml"), "#cloud-config\n");
    const content = await cluster.get<unknown[]>(`${local}/content`, { content: "snippets" });
    assert.partialDeepStrictEqual(content, [{ volid: "local:snippets/node.yaml", size: 14 }]);
    assert.partialDeepStrictEqual(await cluster.get("storage/local"), {
      path: "/var/lib/vz",
      content: "import,iso,snippets,vztmpl",
    });
    assert.equal(typeof (await cluster.get(`${local}/status`)).avail, "number");
  });
});

describe("Proxmox API: a storage that all nodes share", () => {
  const cluster = new TestCluster();
  const disk = (storage: string): Record<string, string> => ({
    ...vmFields(121),
    scsi1: `file=${storage}:100,serial=data`,
  });
  before(() => cluster.open());
  after(() => cluster.close());

  it("says that it is shared, and the others do not", async () => {
    const storages =
      await cluster.get<{ storage: string; shared?: number; nodes?: string }[]>("storage");
    const shared = storages.filter((one) => one.shared === 1).map((one) => one.storage);
    assert.deepEqual(shared, ["nas"]);
    assert.equal(storages.find((one) => one.storage === "nvme")?.nodes, "stone,tank");
  });

  it("has one file for all nodes, which none downloads again", async () => {
    const download = { content: "import", filename: "debian.qcow2", url: imageUrl };
    assert.equal(
      await cluster.task("POST", "nodes/stone/storage/nas/download-url", download),
      "OK",
    );
    const seen = await cluster.get<{ volid: string }[]>("nodes/vault/storage/nas/content");
    assert.deepEqual(
      seen.map(({ volid }) => volid),
      ["nas:import/debian.qcow2"],
    );
    assert.match(
      await cluster.refusal("POST", "nodes/vault/storage/nas/download-url", download),
      /^500 refusing to override existing file 'debian\.qcow2'/,
    );
    assert.deepEqual(await cluster.get("nodes/stone/storage/local/content"), []);
  });

  it("refuses an image that is named .img, whatever it holds", async () => {
    const download = { content: "import", filename: "ubuntu.img", url: imageUrl };
    assert.match(
      await cluster.refusal("POST", "nodes/stone/storage/nas/download-url", download),
      /^400 .*wrong file extension/,
    );
  });

  it("moves a disk with its options to another storage, and keeps the serial", async () => {
    await cluster.downloadImage();
    assert.equal(await cluster.task("POST", "nodes/stone/qemu", disk("local-lvm")), "OK");
    const move = { disk: "scsi1", storage: "nas", delete: "1" };
    assert.equal(await cluster.task("POST", "nodes/stone/qemu/121/move_disk", move), "OK");
    const config = await cluster.get("nodes/stone/qemu/121/config");
    assert.equal(config.scsi1, "nas:121/vm-121-disk-0.raw,serial=data,size=100G");
    assert.equal(config.unused0, undefined);
    const left = await cluster.get<{ volid: string }[]>("nodes/stone/storage/local-lvm/content");
    assert.ok(!left.some(({ volid }) => volid === "local-lvm:vm-121-disk-1"));
  });

  it("has no disk for a node that has not the storage", async () => {
    const blank = { ...disk("nvme"), vmid: "124", scsi0: "file=nvme:16" };
    const status = await cluster.task("POST", "nodes/vault/qemu", blank);
    assert.match(status, /storage 'nvme' is not available on node 'vault'/);
  });
});

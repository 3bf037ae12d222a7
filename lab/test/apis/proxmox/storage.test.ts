import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { httpsRequest } from "../https-request.ts";
import { imageBody, imageUrl, statedSha512, TestCluster, token } from "./cluster.ts";

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

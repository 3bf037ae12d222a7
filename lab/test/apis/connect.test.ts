import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { ItemBuilder, OnePasswordConnect, type FullItem, type OPConnect } from "@1password/connect";
import { createConnect, type Connect } from "../../apis/connect/server.ts";
import type { VaultSpec } from "../../apis/connect/vaults.ts";
import { noFaults, type Faults } from "../../world/faults.ts";
import { selfSigned } from "./certificate.ts";
import { httpsRequest, type Answer } from "./https-request.ts";

const token = "connect-canary-token";
const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

describe("1Password Connect of the lab", () => {
  const folder = mkdtempSync(join(tmpdir(), "connect-"));
  const logFile = join(folder, "connect.log");
  const trusted = getCACertificates("default");
  let faults: Faults = noFaults;
  let connect: Connect;
  let library: OPConnect;

  const get = (path: string, method = "GET", bearer = token): Promise<Answer> =>
    httpsRequest({
      ...{ host: "127.0.0.1", port: connect.port, rejectUnauthorized: false, method, path },
      headers: { host: "connect.home.arpa", authorization: `Bearer ${bearer}` },
    });
  const error = (answer: Answer): unknown => JSON.parse(answer.body.toString());

  before(async () => {
    const tls = selfSigned();
    setDefaultCACertificates([...trusted, tls.cert]);
    connect = await createConnect({
      ...{ address: "127.0.0.1", port: 0, tls, logFile, token },
      server: { key: "server-key", token: "server-token" },
      readers: () => [
        {
          token: "reader-token",
          vaults: [
            { title: "Homelab", items: [{ title: "Proxmox", fields: { "api-token": "r" } }] },
          ],
        },
      ],
      faults: { consult: (service, request) => faults.consult(service, request) },
      vaults: (): readonly VaultSpec[] => [
        {
          title: "Homelab",
          items: [
            { title: "Proxmox", fields: { "api-token": "a@pve!b=c", "ssh/private-key": key } },
            { title: "Twice", fields: { a: "1" } },
            { title: "Twice", fields: { a: "2" } },
          ],
        },
        { title: "Empty", items: [] },
      ],
    });
    library = OnePasswordConnect({ serverURL: `https://127.0.0.1:${connect.port}`, token });
  });
  afterEach(() => {
    faults = noFaults;
  });
  after(async () => {
    await connect.close();
    setDefaultCACertificates(trusted);
    rmSync(folder, { recursive: true });
  });

  it("gives the official library vaults and items by title and by id, values unchanged", async () => {
    const vault = await library.getVault("Homelab");
    assert.match(vault.id ?? "", /^[a-z0-9]{26}$/);
    assert.deepEqual(await library.getVault(vault.id ?? ""), vault);
    const item = await library.getItem(vault.id ?? "", "Proxmox");
    assert.deepEqual(await library.getItem(vault.id ?? "", item.id ?? ""), item);
    assert.deepEqual(
      item.fields?.map(({ label, value }) => [label, value]),
      [
        ["api-token", "a@pve!b=c"],
        ["private-key", key],
      ],
    );
    assert.equal(item.fields[1]?.section?.id, item.sections?.[0]?.id);
    assert.deepEqual(
      (await library.listVaults()).map(({ name, items }) => [name, items]),
      [
        ["Homelab", 3],
        ["Empty", 0],
      ],
    );
    const list = await library.listItems(vault.id ?? "");
    assert.equal(new Set(list.map(({ id }) => id)).size, 3);
    assert.ok(!JSON.stringify(list).includes("a@pve"));
  });

  it("shows a further token its own vaults alone, of whatever title, and lets it write nothing", async () => {
    const reading = OnePasswordConnect({
      serverURL: `https://127.0.0.1:${connect.port}`,
      token: "reader-token",
    });
    const [vault, ...others] = await reading.listVaults();
    assert.deepEqual([vault?.name, vault?.items, others], ["Homelab", 1, []]);
    const item = await reading.getItem(vault?.id ?? "", "Proxmox");
    assert.deepEqual(
      item.fields?.map(({ label, value }) => [label, value]),
      [["api-token", "r"]],
    );
    const written = new ItemBuilder().setTitle("New").setCategory("LOGIN").build();
    await assert.rejects(reading.createItem(vault?.id ?? "", written), { status: 403 });
  });

  it("keeps ids when it is started again", async () => {
    const { id } = await library.getVault("Homelab");
    const again = await createConnect({
      ...{ address: "127.0.0.1", port: 0, tls: selfSigned(), token },
      ...{ faults: noFaults, vaults: () => [{ title: "Homelab", items: [] }] },
    });
    try {
      const answer = await httpsRequest({
        ...{ host: "127.0.0.1", port: again.port, rejectUnauthorized: false },
        ...{ path: `/v1/vaults/${id}`, headers: { authorization: `Bearer ${token}` } },
      });
      assert.equal(answer.status, 200);
    } finally {
      await again.close();
    }
  });

  it("tells the library of an unknown title, a repeated title and unknown ids", async () => {
    const { id = "" } = await library.getVault("Homelab");
    const unknown = "a".repeat(26);
    await assert.rejects(library.getVault("Other"), { status: 404 });
    await assert.rejects(library.getItem(id, "Other"), { status: 404 });
    await assert.rejects(library.getItem(id, "Twice"), { status: 400 });
    await assert.rejects(library.getVault(unknown), { status: 404, message: "Vault not found" });
    await assert.rejects(library.getItem(id, unknown), { status: 404, message: "Item not found" });
    assert.equal((await get("/v1/vaults/short")).status, 400);
  });

  it("refuses a wrong and a missing token with 401, and needs none to say that it lives", async () => {
    assert.deepEqual(error(await get("/v1/vaults", "GET", "wrong")), {
      status: 401,
      message: "Invalid token signature",
    });
    assert.equal((await get("/v1/nothing", "GET", "wrong")).status, 401);
    assert.equal((await get("/heartbeat", "GET", "wrong")).body.toString(), ".");
    assert.equal((await get("/health", "GET", "")).status, 200);
  });

  it("lets a server elsewhere read by its key and its own token, and nothing more", async () => {
    const as = (serverKey: string, bearer: string, method = "GET"): Promise<Answer> =>
      httpsRequest({
        ...{ host: "127.0.0.1", port: connect.port, rejectUnauthorized: false, method },
        path: "/v1/vaults",
        headers: {
          ...{ host: "connect.home.arpa", authorization: `Bearer ${bearer}` },
          "lab-connect-server": serverKey,
        },
      });
    assert.equal((await as("server-key", "server-token")).status, 200);
    assert.equal((await as("server-key", token)).status, 401);
    assert.deepEqual(error(await as("another-key", "server-token")), {
      ...{ status: 500, message: "Something went wrong" },
    });
    assert.equal((await get("/v1/vaults", "GET", "server-token")).status, 401);
  });

  it("keeps an item that the library makes, replaces and deletes", async () => {
    const { id = "" } = await library.getVault("Empty");
    const item = (value: string): FullItem =>
      new ItemBuilder()
        .setTitle("Kept")
        .setCategory("SECURE_NOTE")
        .addTag("homelab")
        .addField({ label: "tls.key", value, type: "CONCEALED" as never })
        .build();
    const made = await library.createItem(id, item("one"));
    assert.deepEqual([made.version, made.fields?.[0]?.value], [1, "one"]);
    assert.deepEqual(await library.getItem(id, "Kept"), made);
    const next = Object.assign(item("two"), { id: made.id, vault: { id } });
    assert.equal((await library.updateItem(id, next)).version, 2);
    assert.equal((await library.getItem(id, "Kept")).fields?.[0]?.value, "two");
    assert.deepEqual((await library.getVault("Empty")).items, 1);
    await library.deleteItemById(id, made.id ?? "");
    await assert.rejects(library.getItem(id, "Kept"), { status: 404 });
  });

  it("lets an item of a site file be replaced and deleted too", async () => {
    const { id = "" } = await library.getVault("Homelab");
    const [before] = await library.listItemsByTitle(id, "Twice");
    assert.ok(before);
    await library.updateItem(id, Object.assign(before, { title: "Once" }));
    const { version, title } = await library.getItemById(id, before.id ?? "");
    assert.deepEqual([version, title], [2, "Once"]);
    await library.deleteItemById(id, before.id ?? "");
    assert.equal((await library.listItems(id)).length, 2);
  });

  it("takes no item that is none", async () => {
    const { id = "" } = await library.getVault("Empty");
    const made = (change: object): FullItem =>
      Object.assign(new ItemBuilder().setTitle("Odd").setCategory("SECURE_NOTE").build(), change);
    const invalid = { status: 400, message: /invalid input/ };
    await assert.rejects(library.createItem(id, made({ category: "NOTE" })), invalid);
    await assert.rejects(library.createItem(id, made({ id: "a".repeat(26) })), invalid);
    await assert.rejects(library.createItem(id, made({ title: "" })), invalid);
  });

  it("refuses what it does not have with 501", async () => {
    const { id = "" } = await library.getVault("Homelab");
    const { id: item = "" } = await library.getItem(id, "Proxmox");
    assert.equal((await get(`/v1/vaults/${id}/items/${item}`, "PATCH")).status, 501);
    assert.deepEqual(error(await get("/v1/activity")), {
      status: 501,
      message: "the lab's 1Password Connect does not support GET /v1/activity",
    });
    assert.equal((await get(`/v1/vaults/${id}/items/${item}/files`)).status, 501);
    assert.equal((await get("/v1/vaults?filter=name%20co%20%22H%22")).status, 400);
  });

  it("fails, asks to wait and hangs up as faults say", async () => {
    const met: string[] = [];
    faults = {
      consult: (service, { method, path, host }) => {
        met.push(`${service} ${method} ${path} ${host}`);
        return Promise.resolve({ status: 503, body: "away", retryAfterSeconds: 7 });
      },
    };
    const answer = await get("/v1/vaults");
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, "7"]);
    assert.deepEqual(error(answer), { status: 503, message: "away" });
    assert.deepEqual(met, ["connect GET /v1/vaults connect.home.arpa"]);
    faults = { consult: () => Promise.resolve("cut") };
    await assert.rejects(library.listVaults(), { code: "ECONNRESET" });
  });

  it("logs neither tokens, values nor titles", async () => {
    await library.getItem((await library.getVault("Homelab")).id ?? "", "Proxmox");
    const log = readFileSync(logFile, "utf8");
    assert.match(log, /127\.0\.0\.1 GET \/v1\/vaults\/ 200/);
    assert.ok(!/canary|a@pve|Proxmox|filter/.test(log));
  });
});

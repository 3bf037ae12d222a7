import assert from "node:assert/strict";
import { TestTailnet, openPolicy } from "./tailscale-server.ts";

const node = ["tag:home-node"];
const connector = ["tag:home-connector"];

interface DeviceView {
  readonly id: string;
  readonly nodeId: string;
  readonly name: string;
  readonly hostname: string;
  readonly tags?: readonly string[];
  readonly enabledRoutes?: readonly string[];
  readonly [field: string]: unknown;
}

interface MapView {
  readonly name: string;
  readonly enabledRoutes: readonly string[];
  readonly dns: unknown;
  readonly peers: readonly { name: string; online: boolean; enabledRoutes: readonly string[] }[];
}

describe("Tailscale's devices", () => {
  let tailnet: TestTailnet;
  beforeEach(async () => {
    tailnet = new TestTailnet();
    await tailnet.start();
    await tailnet.policy(openPolicy);
  });
  afterEach(() => tailnet.stop());

  const device = (id: string): Promise<DeviceView> =>
    tailnet.json<DeviceView>(tailnet.send("GET", `device/${id}?fields=all`));
  const list = async (query = ""): Promise<readonly DeviceView[]> =>
    (
      await tailnet.json<{ devices: DeviceView[] }>(
        tailnet.send("GET", `tailnet/-/devices${query}`),
      )
    ).devices;
  const map = (nodeKey: string, more: object = {}): ReturnType<TestTailnet["send"]> =>
    tailnet.control("map", { nodeKey, hostname: "h", routes: [], exitNode: false, ...more });

  it("are people's as well, without tags and with unique names", async () => {
    const phone = { user: "family@example.net", hostname: "phone" };
    for (const user of [phone.user, "admin@example.net"]) {
      assert.equal((await tailnet.control("login", { ...phone, user })).status, 200);
    }
    const found = (await list()).map(({ name, user, tags }) => [name.split(".")[0], user, tags]);
    assert.deepEqual(found, [
      ["phone", "family@example.net", undefined],
      ["phone-1", "admin@example.net", undefined],
    ]);
    const stranger = tailnet.control("login", { ...phone, user: "kid@elsewhere.example" });
    assert.match(await tailnet.refusal(stranger, 403), /not of this tailnet/);
  });

  it("have unique names, addresses of their own and every field that clients read", async () => {
    const { key } = await tailnet.authKey(node);
    const [a, b] = [await tailnet.join(key, "Stone.lan"), await tailnet.join(key, "stone")];
    assert.deepEqual([a.name, b.name], ["stone.tail6c1ab.ts.net", "stone-1.tail6c1ab.ts.net"]);
    assert.deepEqual(a.addresses, ["100.100.0.1", "fd7a:115c:a1e0::1"]);
    assert.deepEqual(b.addresses, ["100.100.0.2", "fd7a:115c:a1e0::2"]);
    const { machineKey, nodeKey, ...view } = await device(a.deviceId);
    assert.match(String(machineKey), /^mkey:[0-9a-f]{64}$/);
    assert.equal(nodeKey, a.nodeKey);
    assert.deepEqual(view, {
      ...{ id: a.deviceId, nodeId: a.nodeId, name: a.name, hostname: "Stone.lan" },
      ...{ addresses: a.addresses, user: "tagged-devices", tags: node, os: "linux" },
      ...{ clientVersion: "1.102.3", created: "2026-01-01T00:00:00.000Z" },
      ...{ lastSeen: "2026-01-01T00:00:00.000Z", expires: "2026-06-30T00:00:00.000Z" },
      ...{ keyExpiryDisabled: true, authorized: true, isExternal: false, isEphemeral: false },
      ...{ connectedToControl: true, updateAvailable: false, blocksIncomingConnections: false },
      ...{ tailnetLockKey: "", tailnetLockError: "", advertisedRoutes: [], enabledRoutes: [] },
    });
    assert.equal((await device(a.nodeId)).id, a.deviceId);
    assert.deepEqual(
      (await list("?hostname=stone")).map(({ name }) => name),
      [b.name],
    );
    assert.equal((await list("?tags=tag:home-node")).length, 2);
    assert.equal((await list())[0]?.enabledRoutes, undefined);
    assert.match(
      await tailnet.refusal(tailnet.send("GET", "tailnet/-/devices?x=1"), 400),
      /not "x"/,
    );
  });

  it("keep their addresses and names over a restart and a new registration", async () => {
    const { key } = await tailnet.authKey(node);
    const a = await tailnet.join(key, "stone");
    await tailnet.restart();
    const again = await tailnet.join("", "stone", { nodeKey: a.nodeKey });
    assert.deepEqual(again, a);
    const unknown = `nodekey:${"0".repeat(64)}`;
    assert.match(
      await tailnet.refusal(tailnet.register("", "x", { nodeKey: unknown }), 401),
      /auth key/,
    );
    assert.match(await tailnet.refusal(tailnet.register("", "x"), 401), /auth key/);
    assert.equal((await list()).length, 1);
  });

  it("are changed through the API: tags, authorization, key expiry and name", async () => {
    const { key } = await tailnet.authKey(node);
    const [a] = [await tailnet.join(key, "stone"), await tailnet.join(key, "tank")];
    const set = (what: string, body: object): ReturnType<TestTailnet["send"]> =>
      tailnet.send("POST", `device/${a.deviceId}/${what}`, body);
    await tailnet.json(set("tags", { tags: connector }));
    await tailnet.json(set("authorized", { authorized: false }));
    await tailnet.json(set("key", { keyExpiryDisabled: false }));
    await tailnet.json(set("name", { name: "rock" }));
    const view = await device(a.deviceId);
    assert.deepEqual(
      [view.tags, view.authorized, view.keyExpiryDisabled, view.name],
      [connector, false, false, "rock.tail6c1ab.ts.net"],
    );
    await tailnet.join("", "other", { nodeKey: a.nodeKey });
    assert.equal((await device(a.deviceId)).name, "rock.tail6c1ab.ts.net");
    await tailnet.json(set("name", { name: "" }));
    assert.equal((await device(a.deviceId)).name, "other.tail6c1ab.ts.net");
    assert.match(
      await tailnet.refusal(set("tags", { tags: ["tag:x"] }), 400),
      /\[tag:x\] are invalid/,
    );
    assert.match(await tailnet.refusal(set("name", { name: "tank" }), 409), /in use/);
    assert.match(await tailnet.refusal(set("name", { name: "a_b" }), 400), /invalid name/);
    await tailnet.json(set("tags", { tags: [] }));
    assert.deepEqual((await device(a.deviceId)).tags, undefined);
  });

  it("are gone once removed or logged out, and learn it at their next call", async () => {
    const { key } = await tailnet.authKey(node);
    const [a, b] = [await tailnet.join(key, "a"), await tailnet.join(key, "b")];
    assert.equal((await tailnet.send("DELETE", `device/${a.nodeId}`)).status, 200);
    assert.equal((await tailnet.control("logout", { nodeKey: b.nodeKey })).status, 200);
    for (const gone of [a, b]) {
      assert.match(await tailnet.refusal(map(gone.nodeKey), 404), /node not found/);
      assert.equal((await tailnet.send("GET", `device/${gone.deviceId}`)).status, 404);
    }
    const c = await tailnet.join(key, "a");
    assert.equal(c.addresses[0], "100.100.0.3", "addresses are not given twice");
  });

  it("are online for 30 s after a call, and ephemeral ones vanish 60 s after that", async () => {
    const { key } = await tailnet.authKey(node, { ephemeral: true });
    const a = await tailnet.join(key, "a");
    const online = (): readonly boolean[] => tailnet.server.devices().map((each) => each.online);
    tailnet.now += 29_999;
    assert.deepEqual(online(), [true]);
    tailnet.now += 1;
    assert.deepEqual(online(), [false]);
    await tailnet.json(map(a.nodeKey));
    tailnet.now += 89_999;
    assert.equal((await list()).length, 1);
    tailnet.now += 1;
    assert.equal((await list()).length, 0);
    const lasting = await tailnet.authKey(node);
    await tailnet.join(lasting.key, "b");
    tailnet.now += 600_000;
    assert.deepEqual(tailnet.server.devices(), [
      { name: "b", addresses: ["100.100.0.2", "fd7a:115c:a1e0::2"], tags: node, online: false },
    ]);
  });

  it("are told of DNS and of the devices that the policy connects them with", async () => {
    await tailnet.policy({
      ...openPolicy,
      grants: [{ src: node, dst: connector, ip: ["tcp:443"] }],
      autoApprovers: { exitNode: connector },
    });
    await tailnet.json(
      tailnet.send("PATCH", "tailnet/-/dns/split-dns", { "home.arpa": ["192.168.1.1"] }),
    );
    const nodes = await tailnet.authKey(node);
    const [a, b] = [await tailnet.join(nodes.key, "a"), await tailnet.join(nodes.key, "b")];
    const c = await tailnet.join((await tailnet.authKey(connector)).key, "c", { exitNode: true });
    const seen = await tailnet.json<MapView>(map(a.nodeKey, { hostname: "a" }));
    assert.deepEqual(seen.dns, {
      ...{ splitDns: { "home.arpa": ["192.168.1.1"] }, nameservers: [] },
      ...{ magicDNS: true, suffix: "tail6c1ab.ts.net" },
    });
    assert.deepEqual(seen.peers, [
      { name: c.name, addresses: c.addresses, online: true, enabledRoutes: ["0.0.0.0/0", "::/0"] },
    ]);
    const back = await tailnet.json<MapView>(map(c.nodeKey, { hostname: "c", exitNode: true }));
    assert.deepEqual(
      back.peers.map(({ name }) => name),
      [a.name, b.name],
    );
  });

  it("wait for approval when the tailnet wants it and their key has none", async () => {
    await tailnet.json(tailnet.send("PATCH", "tailnet/-/settings", { devicesApprovalOn: true }));
    const plain = await tailnet.authKey(node, { preauthorized: false });
    const a = await tailnet.join(plain.key, "a");
    assert.equal((await device(a.deviceId)).authorized, false);
    const b = await tailnet.join((await tailnet.authKey(node)).key, "b");
    assert.equal((await device(b.deviceId)).authorized, true);
  });

  it("are refused with a key whose tags the policy lost, and with malformed requests", async () => {
    const { key } = await tailnet.authKey(node);
    await tailnet.policy({ grants: [] });
    assert.match(await tailnet.refusal(tailnet.register(key, "a"), 400), /requested tags/);
    const wrong: readonly [object, RegExp][] = [
      [{ routes: ["10.0.0.0"], exitNode: "yes" }, /exitNode/],
      [{ routes: ["0.0.0.0/0"] }, /use exitNode/],
      [{ os: "plan9" }, /os/],
      [{ hostname: "" }, /hostname/],
      [{ color: 1 }, /unknown field "color"/],
    ];
    for (const [more, message] of wrong)
      assert.match(await tailnet.refusal(tailnet.register(key, "a", more), 400), message);
  });
});

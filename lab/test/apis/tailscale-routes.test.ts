import assert from "node:assert/strict";
import { TestTailnet, openPolicy } from "./tailscale-server.ts";

const connector = ["tag:home-connector"];

interface MapView {
  readonly enabledRoutes: readonly string[];
}

describe("Tailscale's routes", () => {
  let tailnet: TestTailnet;
  beforeEach(async () => {
    tailnet = new TestTailnet();
    await tailnet.start();
    await tailnet.policy({
      ...openPolicy,
      autoApprovers: { routes: { "10.42.0.0/15": connector }, exitNode: connector },
    });
  });
  afterEach(() => tailnet.stop());

  const map = (nodeKey: string, more: object = {}): ReturnType<TestTailnet["send"]> =>
    tailnet.control("map", { nodeKey, hostname: "h", routes: [], exitNode: false, ...more });
  const routes = (id: string): Promise<Record<string, unknown>> =>
    tailnet.json(tailnet.send("GET", `device/${id}/routes`));

  it("are approved by the policy when they are advertised, subnets of a prefix too", async () => {
    const { key } = await tailnet.authKey(connector);
    const advertised = ["10.42.0.0/16", "10.44.0.0/16", "10.43.7.0/24"];
    const a = await tailnet.join(key, "c", { routes: advertised, exitNode: true });
    assert.deepEqual(await routes(a.deviceId), {
      advertisedRoutes: [...advertised, "0.0.0.0/0", "::/0"],
      enabledRoutes: ["10.42.0.0/16", "10.43.7.0/24", "0.0.0.0/0", "::/0"],
    });
    const other = await tailnet.authKey(["tag:home-node"]);
    const b = await tailnet.join(other.key, "n", { routes: advertised, exitNode: true });
    assert.deepEqual((await routes(b.deviceId)).enabledRoutes, []);
  });

  it("are approved when they are new, not when they were advertised before", async () => {
    const { key } = await tailnet.authKey(connector);
    const a = await tailnet.join(key, "c", { routes: ["10.45.0.0/16"] });
    const more = { routes: ["10.45.0.0/16", "10.42.0.0/16"], exitNode: true };
    const mapped = await tailnet.json<MapView>(map(a.nodeKey, more));
    assert.deepEqual(mapped.enabledRoutes, ["10.42.0.0/16", "0.0.0.0/0", "::/0"]);
    await tailnet.policy({
      ...openPolicy,
      autoApprovers: { routes: { "10.45.0.0/16": connector } },
    });
    assert.deepEqual(
      (await tailnet.json<MapView>(map(a.nodeKey, more))).enabledRoutes,
      mapped.enabledRoutes,
    );
    await tailnet.json(map(a.nodeKey, { routes: [] }));
    const anew = await tailnet.json<MapView>(map(a.nodeKey, { routes: ["10.45.0.0/16"] }));
    assert.deepEqual(anew.enabledRoutes, ["10.45.0.0/16"]);
  });

  it("stay as somebody approved or disabled them by hand", async () => {
    const { key } = await tailnet.authKey(connector);
    const advertised = { routes: ["10.42.0.0/16", "198.51.100.0/24"] };
    const a = await tailnet.join(key, "c", advertised);
    const url = `device/${a.deviceId}/routes`;
    const set = await tailnet.json(tailnet.send("POST", url, { routes: ["198.51.100.0/24"] }));
    assert.deepEqual(set.enabledRoutes, ["198.51.100.0/24"]);
    await tailnet.join("", "c", { nodeKey: a.nodeKey, ...advertised });
    const mapped = await tailnet.json<MapView>(map(a.nodeKey, advertised));
    assert.deepEqual(mapped.enabledRoutes, ["198.51.100.0/24"]);
    for (const route of ["all", "10.0.0.1/8"])
      assert.match(
        await tailnet.refusal(tailnet.send("POST", url, { routes: [route] }), 400),
        /routes/,
      );
  });

  it("are carried by one of several devices at a time, and by another when that one is lost", async () => {
    const { key } = await tailnet.authKey(connector);
    const advertised = { routes: ["10.42.0.0/16"], exitNode: true };
    const a = await tailnet.join(key, "c-0", advertised);
    const b = await tailnet.join(key, "c-1", advertised);
    const asked = (nodeKey: string) => tailnet.json<MapView>(map(nodeKey, advertised));
    const exit = ["0.0.0.0/0", "::/0"];
    assert.deepEqual((await asked(a.nodeKey)).enabledRoutes, ["10.42.0.0/16", ...exit]);
    assert.deepEqual((await asked(b.nodeKey)).enabledRoutes, exit);
    for (const { deviceId } of [a, b])
      assert.deepEqual((await routes(deviceId)).enabledRoutes, ["10.42.0.0/16", ...exit]);
    tailnet.now += 31_000;
    assert.deepEqual((await asked(b.nodeKey)).enabledRoutes, ["10.42.0.0/16", ...exit]);
    // The oldest goes first, whenever it is there.
    assert.deepEqual((await asked(a.nodeKey)).enabledRoutes, ["10.42.0.0/16", ...exit]);
    assert.deepEqual((await asked(b.nodeKey)).enabledRoutes, exit);
  });

  it("carry for a device what the policy's grants let it reach, and nothing else", async () => {
    await tailnet.policy({
      tagOwners: { "tag:home-connector": [], "tag:ci": [] },
      grants: [
        { src: ["tag:ci"], dst: ["192.168.1.11/32"], ip: ["tcp:8006"] },
        { src: ["admin@example.net"], dst: ["192.168.1.0/24"], ip: ["*"] },
        { src: ["admin@example.net"], dst: ["10.43.0.0/16"], ip: ["*"] },
        { src: ["family@example.net"], dst: connector, ip: ["tcp:443"] },
      ],
      autoApprovers: { routes: { "192.168.1.0/24": connector }, exitNode: connector },
    });
    const { key } = await tailnet.authKey(connector);
    const advertised = { routes: ["192.168.1.0/24", "10.43.0.0/16"], exitNode: true };
    const router = await tailnet.join(key, "c", advertised);
    const spare = await tailnet.join(key, "c-1", advertised);
    const runner = await tailnet.join((await tailnet.authKey(["tag:ci"])).key, "r");
    const own = async (user: string): Promise<string> =>
      (await tailnet.json<{ deviceId: string }>(tailnet.control("login", { user, hostname: "x" })))
        .deviceId;
    const [admin, member] = [await own("admin@example.net"), await own("family@example.net")];
    const lets = async (from: string, to: string, { nodeKey } = router): Promise<boolean> =>
      (await tailnet.json<{ lets: boolean }>(tailnet.control("filter", { nodeKey, from, to })))
        .lets;
    const [address = ""] = router.addresses;
    assert.deepEqual(
      [
        await lets(member, `${address}:443`),
        await lets(member, `${address}:80`),
        // Another device has the address.
        await lets(member, `${address}:443`, spare),
      ],
      [true, false, false],
    );
    assert.deepEqual(
      [
        await lets(runner.deviceId, "192.168.1.11:8006"),
        await lets(runner.deviceId, "192.168.1.11:22"),
        await lets(runner.deviceId, "192.168.1.12:8006"),
        await lets(admin, "192.168.1.12:22"),
        // Nobody approved its route.
        await lets(admin, "10.43.0.1:443"),
        await lets(member, "192.168.1.11:8006"),
        // Another device carries the route.
        await lets(admin, "192.168.1.12:22", spare),
      ],
      [true, false, false, true, false, false, false],
    );
    const unknown = await tailnet.control("filter", {
      ...{ nodeKey: router.nodeKey, from: "7", to: "192.168.1.11:22" },
    });
    assert.equal(unknown.status, 404);
  });
});

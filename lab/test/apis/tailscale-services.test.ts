import assert from "node:assert/strict";
import { TestTailnet, openPolicy } from "./tailscale-server.ts";

describe("Services of Tailscale's in the API", () => {
  const tailnet = new TestTailnet();
  before(async () => {
    await tailnet.start();
    await tailnet.policy({ ...openPolicy, tagOwners: { "tag:home-connector": [] } });
  });
  after(() => tailnet.stop());

  const send = (method: string, path: string, body?: unknown) =>
    tailnet.send(method, `tailnet/-/${path}`, body);
  const list = () => tailnet.json(send("GET", "vip-services"));

  it("are kept as they were put, with addresses of their own, until they are deleted", async () => {
    assert.deepEqual(await list(), { vipServices: [] });
    const put = { name: "svc:home-api", tags: ["tag:home-connector"], ports: ["tcp:443"] };
    const annotations = { "tailscale.com/owner-references": '{"ownerRefs":[]}' };
    const made = await tailnet.json<{ readonly addrs: readonly string[] }>(
      send("PUT", "vip-services/svc:home-api", { ...put, annotations }),
    );
    assert.equal(made.addrs.length, 2);
    const again = await tailnet.json(
      send("PUT", "vip-services/svc:home-api", { ...put, annotations, comment: "managed" }),
    );
    assert.deepEqual(again, { ...made, comment: "managed" });
    assert.deepEqual(await list(), { vipServices: [again] });
    assert.deepEqual(await tailnet.json(send("GET", "vip-services/svc:home-api")), again);
    assert.equal((await send("DELETE", "vip-services/svc:home-api")).status, 200);
    assert.equal((await send("DELETE", "vip-services/svc:home-api")).status, 404);
    assert.deepEqual(await list(), { vipServices: [] });
  });

  it("carry tags of the policy alone, and names that begin with svc", async () => {
    const strange = { name: "svc:web", tags: ["tag:other"], ports: ["tcp:443"] };
    assert.equal((await send("PUT", "vip-services/svc:web", strange)).status, 400);
    const plain = { name: "web", tags: ["tag:home-connector"] };
    assert.equal((await send("PUT", "vip-services/web", plain)).status, 400);
  });
});

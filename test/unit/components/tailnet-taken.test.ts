import assert from "node:assert/strict";
import type { ResourceHookArgs } from "@pulumi/pulumi";
import { connectorSpec, devicesOfSpec } from "../../../components/tailnet/connector.ts";
import { refuseTaken, refusesFurther, type Claims } from "../../../components/tailnet/taken.ts";
import { record } from "../../recorder.ts";
import { smallApi, type SmallApi } from "./tailnet-api.ts";

const claims: Claims = {
  site: "cabin",
  names: ["hut", "cabin-operator"],
  domain: "home.arpa",
  nameservers: ["192.168.2.1"],
};

describe("what a site takes in a tailnet of several", () => {
  let api: SmallApi;
  beforeEach(async () => {
    api = await smallApi();
    api.tailnet.devices = [
      { nodeId: "n1", name: "hut.ts.net", hostname: "hut", tags: ["tag:cabin-node"] },
      {
        ...{ nodeId: "n2", name: "router.ts.net", hostname: "router" },
        ...{ tags: ["tag:home-connector"], advertisedRoutes: ["192.168.1.0/24", "0.0.0.0/0"] },
      },
      { nodeId: "n3", name: "hut-1.ts.net", hostname: "hut", user: "kid@github" },
    ];
  });
  afterEach(() => api.close());

  const refused = async (changes: Partial<Claims> = {}): Promise<string> =>
    refuseTaken(api.client(), { ...claims, ...changes }).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  it("is free where names are its own and nobody set up the domain, or it did itself", async () => {
    assert.equal(await refused(), "");
    api.tailnet.splitDns = { "home.arpa": ["192.168.2.1"], "other.arpa": ["192.168.1.1"] };
    assert.equal(await refused(), "");
  });

  it("is refused with both sites' names when the domain is another site's", async () => {
    api.tailnet.splitDns = { "home.arpa": ["192.168.1.1"] };
    const said = await refused();
    assert.match(said, /asks 192\.168\.1\.1 for home\.arpa already, which site home has set up/);
    assert.match(said, /site cabin would ask 192\.168\.2\.1/);
    assert.match(said, /homelab:site\.domain/);
  });

  it("is free where the domain's servers are behind its own Connector", async () => {
    api.tailnet.splitDns = { "home.arpa": ["192.168.1.1"] };
    assert.equal(await refused({ site: "home", names: [] }), "");
  });

  it("is refused when somebody set the domain up by hand", async () => {
    api.tailnet.splitDns = { "home.arpa": ["https://dns.example.net/q"] };
    assert.match(await refused(), /which somebody else has set up/);
  });

  it("is refused when a device has the name that is not the site's", async () => {
    assert.match(
      await refused({ names: ["hut-1", "router"] }),
      /device hut-1 \(n3\), of kid@github: .*\n.*device router \(n2\), with tag:home-connector:/,
    );
  });
});

describe("a Connector that gets a second device", () => {
  const plan = { name: "gate-0", replicas: 1, routes: [], exitNode: false };
  const spec = (replicas: number) => connectorSpec("home", { ...plan, replicas });
  let api: SmallApi;
  beforeEach(async () => {
    api = await smallApi();
  });
  afterEach(() => api.close());

  /** What a change from that many devices to two says. */
  async function grown(from: number): Promise<string> {
    const recording = await record("home");
    const hook = refusesFurther("gate-0-further", api.client(), "home", {
      before: (inputs) => devicesOfSpec((inputs as { spec: unknown }).spec),
      wanted: ["gate-0", "gate-1"],
    });
    assert.equal(hook.opts?.onDryRun, true);
    const change = { oldInputs: { spec: spec(from) } } as unknown as ResourceHookArgs;
    const said = await Promise.resolve(hook.callback(change)).then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    await recording.settled();
    return said;
  }

  it("knows the devices that are there", () => {
    assert.deepEqual(devicesOfSpec(spec(1)), ["gate-0"]);
    assert.deepEqual(devicesOfSpec(spec(2)), ["gate-0", "gate-1"]);
  });

  it("is refused where somebody else has the second's name, which the first's is not asked for", async () => {
    const phone = { nodeId: "n1", name: "gate-1.ts.net", hostname: "gate-1", user: "kid@github" };
    const first = { nodeId: "n2", name: "gate-0.ts.net", hostname: "gate-0", user: "kid@github" };
    api.tailnet.devices = [phone, first];
    assert.match(await grown(1), /^the tailnet already has a device gate-1 \(n1\), of kid@github/);
    assert.equal(await grown(2), "", "both are there");
  });

  it("takes a device of the site's own for what a run left that was cut off, and touches none", async () => {
    const tags = ["tag:home-connector"];
    api.tailnet.devices = [{ nodeId: "n1", name: "gate-1.ts.net", hostname: "gate-1", tags }];
    assert.equal(await grown(1), "");
    assert.equal(api.tailnet.devices.length, 1);
  });
});

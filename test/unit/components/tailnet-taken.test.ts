import assert from "node:assert/strict";
import { refuseTaken, type Claims } from "../../../components/tailnet/taken.ts";
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

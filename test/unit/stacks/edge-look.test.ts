import assert from "node:assert/strict";
import type { EdgeObject } from "../../../components/edge/known.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { lookAround } from "../../../stacks/look-around.ts";
import { openSite } from "../../../stacks/open-site.ts";
import { edgeClaims } from "../../../stacks/parts/edge/claims.ts";
import { judgeEdge } from "../../../stacks/parts/edge/look.ts";
import type { Listed } from "../../../stacks/parts/edge/taken.ts";
import { depsIn } from "../site-deps.ts";
import { homeConfig, type Changes } from "./sample.ts";

const account = "accounts/0123456789abcdef0123456789abcdef";
const zone = "zones/fedcba9876543210fedcba9876543210";

/** What Cloudflare has; a list that is left out is empty, an error is what it answers. */
type World = Partial<
  Record<
    "cfd_tunnel" | "dns_records" | "apps" | "policies" | "service_tokens",
    readonly Listed[] | Error
  >
>;

interface Situation {
  readonly site?: string;
  readonly known?: readonly EdgeObject[];
  readonly preview?: boolean;
  readonly changes?: Changes;
}

/** Looks at Cloudflare for home's config; gives what it found, and what it asked for. */
async function look(world: World, situation: Situation = {}) {
  const { site: name = "cabin", known = [], preview = false, changes = {} } = situation;
  const site = await openSite(name, homeConfig(changes), depsIn({}).readSecrets);
  const asked: string[] = [];
  const judged = await judgeEdge(
    site,
    known,
    (_account, path) => {
      asked.push(path);
      const [bare = "", query = ""] = path.split("?");
      const list = world[bare.split("/").at(-1) as keyof World] ?? [];
      if (list instanceof Error) return Promise.reject(list);
      const host = new URLSearchParams(query).get("name.exact");
      return Promise.resolve(list.filter((one) => host === null || one["name"] === host));
    },
    preview,
  );
  const said = judged.problems.map(({ path, text }) => `${path}: ${text}`);
  return { said, notes: judged.notes, asked };
}

const homes: World = {
  cfd_tunnel: [{ id: "t1", name: "home", status: "healthy" }],
  dns_records: [
    {
      ...{ name: "typeo.example.net", type: "CNAME", content: "t1.cfargotunnel.com" },
      comment: "site home: typeo",
    },
    { name: "other.example.net", type: "A", content: "192.0.2.1", comment: null },
  ],
  apps: [{ id: "p1", name: "home: typeo", domain: "typeo.example.net" }],
  policies: [{ id: "y1", name: "home: family" }],
  service_tokens: [{ id: "s1", name: "home: monitoring" }],
};

describe("what Cloudflare has before a site makes anything there", () => {
  it("is refused where it is another site's, all at once, with both owners and their paths", async () => {
    for (const preview of [true, false]) {
      const { said, notes } = await look(homes, { preview });
      assert.equal(said.length, 2, said.join("\n"));
      const [record = "", application = ""] = said;
      assert.match(
        record,
        /^homelab:apps\.typeo\.hostname: typeo\.example\.net has a record CNAME/,
      );
      assert.match(
        record,
        /t1\.cfargotunnel\.com, the tunnel home, which is site home's by its mark/,
      );
      assert.match(record, /site cabin cannot have typeo\.example\.net as well: choose another/);
      assert.match(record, /DNS > Records/);
      assert.match(application, /"home: typeo" \(p1\) stands in front of typeo\.example\.net/);
      assert.match(application, /site home's by its mark; site cabin cannot/);
      assert.deepEqual(notes, []);
    }
  });

  it("is refused where somebody made it by hand", async () => {
    const { said } = await look({
      dns_records: [{ name: "typeo.example.net", type: "A", content: "192.0.2.7" }],
      apps: [{ id: "p9", name: "My game", destinations: [{ uri: "Typeo.example.net/" }] }],
    });
    assert.match(
      said.join("\n"),
      /record A already, which leads to 192\.0\.2\.7, which no site has/,
    );
    assert.match(said.join("\n"), /"My game" \(p9\) .*, which no site has marked/);
  });

  it("leaves alone what excludes nothing: other names, other types, a path of the name", async () => {
    const { said, notes } = await look({
      cfd_tunnel: [{ id: "t1", name: "home", status: "healthy" }],
      dns_records: [{ name: "typeo.example.net", type: "TXT", content: "v=1" }],
      apps: [{ id: "p1", name: "admin", domain: "typeo.example.net/admin" }],
      policies: [{ id: "y1", name: "home: family" }],
    });
    assert.deepEqual([said, notes], [[], []]);
  });

  it("is refused as another stack of the same name where its tunnel runs, tokens and policies too", async () => {
    const { said } = await look(homes, { site: "home", preview: true });
    assert.equal(said.length, 5, said.join("\n"));
    assert.match(
      said[0] ?? "",
      /^homelab:edge: the account has a tunnel home already \(t1, healthy\)/,
    );
    assert.match(said.join("\n"), /another stack named home has it/);
    assert.match(said.join("\n"), /an Access service token "home: monitoring" already \(s1\)/);
  });

  it("may be the site's own, of a killed run: a preview tells it, and an up, which has removed such, is refused", async () => {
    const world = {
      cfd_tunnel: [{ id: "t1", name: "home", status: "inactive" }],
      service_tokens: [{ id: "s1", name: "home: monitoring" }],
    };
    const preview = await look(world, { site: "home", preview: true });
    assert.deepEqual(preview.said, []);
    assert.equal(preview.notes.length, 2);
    assert.match(
      preview.notes.join("\n"),
      /tunnel home .*npm run up removes what a killed run has/,
    );
    const up = await look(world, { site: "home" });
    assert.equal(up.said.length, 1, up.said.join("\n"));
    assert.match(up.said[0] ?? "", /tunnel home already \(t1, inactive\).*Networking > Tunnels/);
    assert.match(up.notes.join("\n"), /monitoring" already \(s1\).*one of its own beside it/);
  });

  it("is not asked about where the state has it, and a site that stands asks nothing", async () => {
    const all = edgeClaims({ name: "home", config: homeConfig() });
    assert.deepEqual(await look(homes, { site: "home", known: all }), {
      ...{ said: [], notes: [], asked: [] },
    });
    const without = all.filter(({ kind }) => kind !== "DNS record");
    const { asked, said } = await look(homes, { site: "home", known: without });
    assert.deepEqual(asked, [
      `${account}/cfd_tunnel?is_deleted=false`,
      `${zone}/dns_records?name.exact=typeo.example.net`,
    ]);
    assert.equal(said.length, 1);
    const elsewhere = all.map((one) => ({ ...one, within: "another" }));
    assert.equal((await look(homes, { site: "home", known: elsewhere })).said.length, 5);
  });

  it("cannot be told where Cloudflare does not say: an up is refused, a preview goes on and says so", async () => {
    const world = { ...homes, service_tokens: new Error("403, Authentication error (10000)") };
    const up = await look(world);
    assert.equal(up.said.length, 3);
    assert.match(
      up.said[2] ?? "",
      /^homelab:edge\.apiToken: Cloudflare cannot be asked for service tokens .*: 403, Auth.*cloudflare\.md/,
    );
    const preview = await look({ service_tokens: world.service_tokens }, { preview: true });
    assert.deepEqual(preview.said, []);
    assert.match(preview.notes.join("\n"), /cannot be asked for service tokens/);
  });

  it("excludes an address that a name leads to, as far as Cloudflare or visitors tell the two apart", async () => {
    const changes = {
      "names.entries": { cam: { public: "203.0.113.9" } },
      "site.domain": "example.net",
    };
    const beside = async (type: string): Promise<string> => {
      const record = { name: "cam.example.net", type, content: "x", comment: "site home: cam" };
      return (await look({ dns_records: [record] }, { changes })).said.join("\n");
    };
    assert.match(
      await beside("CNAME"),
      /^homelab:names\.entries\.cam: cam\.example\.net has a record/,
    );
    assert.match(await beside("A"), /is site home's/);
    assert.equal(await beside("AAAA"), "");
  });

  it("stands with whatever else is against the site in one message", async () => {
    const config = homeConfig();
    const other = { vmId: 122, name: "photos", nodeName: "tank", tags: [] };
    const deps = {
      ...depsIn({ vms: [other] }),
      listCloudflare: (_: unknown, path: string) =>
        Promise.resolve(path.includes("/apps") ? (homes.apps as readonly Listed[]) : []),
    };
    const site = await openSite("cabin", config, deps.readSecrets);
    await assert.rejects(lookAround(site, deps), (error: Error) => {
      assert.match(error.message, /nothing was changed/);
      assert.match(error.message, /VM id 122 is taken/);
      assert.match(error.message, /homelab:apps\.typeo\.hostname: the Access application/);
      return true;
    });
  });
});

describe("what a state has at Cloudflare", () => {
  it("is read by name and place, without clients of sign-on", () => {
    const state = (type: string, outputs: Listed) => ({
      type: `cloudflare:index/${type}`,
      outputs,
    });
    const { edge } = knownOf([
      state("dnsRecord:DnsRecord", { name: "typeo.example.net", zoneId: "z" }),
      state("zeroTrustAccessApplication:ZeroTrustAccessApplication", {
        ...{ accountId: "a", name: "home: typeo", domain: "typeo.example.net" },
      }),
      state("zeroTrustAccessApplication:ZeroTrustAccessApplication", {
        ...{ accountId: "a", name: "home: Grafana", type: "saas" },
      }),
    ]);
    assert.deepEqual(edge, [
      { kind: "DNS record", name: "typeo.example.net", within: "z" },
      { kind: "Access application", name: "typeo.example.net", within: "a" },
    ]);
  });
});

import assert from "node:assert/strict";
import { createHash, randomInt } from "node:crypto";
import { parse } from "yaml";
import { goldenFile, type GraphNode } from "../golden/graph.ts";
import { expectSessions, nodes } from "./cluster.ts";
import { refused, run } from "./command.ts";
import { killedUp, saidSoFar, theWholeRun } from "./killed.ts";
import { expectNothingOutside, outside } from "./outside.ts";
import { eventually, machines, nothingToChange, proxmox, setConfig, up } from "./site.ts";
import { siteFileHasTheOlderRelease } from "./older-release.ts";
import { given, siteIsGone } from "./states.ts";
import { fault, noFaults, tailscale } from "./world.ts";
import { words } from "./words.ts";

/** Helm releases that home's graph has. */
const releasesOfHome = (JSON.parse(goldenFile("home")) as readonly GraphNode[]).filter(
  ({ type }) => type === "kubernetes:helm.sh/v3:Release",
);

const creating = (release: string): RegExp =>
  new RegExp(`\\+\\s+kubernetes:helm\\.sh/v3:Release\\s+${release}\\s+creating`);

/** One of the releases that come together once the pods' network stands, another one in each run of the tests. */
const later = releasesOfHome.map(({ name }) => name).filter((name) => name !== "cilium");
const chosen = later[randomInt(later.length)] ?? "";

/**
 * When to kill: the engine's line that says that a resource is being created. The line stays in the log and much comes after
 * it, so that a late look kills later in the run and never misses it; what is asked is the same at each of these moments.
 */
const moments = {
  "the second server's join": /\+\s+command:remote:Command\s+proxmox-tank-apply-command\s+creating/,
  "the release cilium": creating("cilium"),
  [`the release ${chosen}, chosen at random`]: creating(chosen),
};

/** What is killed: the CLI alone leaves its plugins running. They take turns, and chance says who begins. */
const victims = [
  { who: "the CLI and its plugins", victim: theWholeRun },
  { who: "the CLI alone", victim: words`pkill -KILL -x pulumi` },
] as const;
let turn = randomInt(victims.length);
const nextVictim = (): (typeof victims)[number] => victims[(turn += 1) % 2] ?? victims[0];

async function expectNothingTwice(): Promise<void> {
  const found = await machines("home");
  const names = found.map(({ name }) => name).sort();
  assert.deepEqual(names, ["proxmox-stone", "proxmox-tank", "proxmox-titan", "proxmox-vault"]);
  const joined = (await nodes("home")).map(({ metadata }) => metadata.name);
  assert.deepEqual([...joined].sort(), names);
  const list = await run`helm --kube-context home list -A -o json`;
  const releases = JSON.parse(list) as { name: string; status: string }[];
  assert.deepEqual(
    releases.map(({ name, status }) => ({ name, status })),
    releasesOfHome
      .map(({ inputs }) => (inputs as { name: string }).name)
      .sort()
      .map((name) => ({ name, status: "deployed" })),
  );
  const connectors = ["robbinsdale-connector-0", "robbinsdale-connector-1"];
  // The connector's second pod starts once the first is ready.
  await eventually(90, async () => {
    assert.deepEqual(await outside(), {
      tunnels: ["home"],
      records: ["typeo.example.net"],
      applications: 1,
      policies: 2,
      serviceTokens: 1,
      keys: [...names.map((name) => `auth ${name}`), "client home operator"].sort(),
      devices: ["home-operator", ...names, ...connectors].sort(),
    });
  });
  assert.equal((await proxmox<unknown[]>("home", "pools")).length, 1);
  await nothingToChange("home");
}

/** A policy that somebody wrote before this stack came, as Tailscale formats it; it must be there again when the stack has gone. */
const formerPolicy = `// the family's own policy
{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]}
`;

const acl = "tailnet/-/acl";
const adopt = "homelab:tailnet.policy.adopt";

describe("a site that comes to a tailnet with a policy of its own", () => {
  // The site that comes in the end stays for the suites after this one; an upgrade is among them.
  given(siteIsGone, siteFileHasTheOlderRelease);
  afterEach(noFaults);

  before(async () => {
    // What it has outside is counted below: names of an earlier suite's routes are not among it.
    await run`pulumi config rm --stack home --path homelab:gateway.routes.albums`;
    await run`pulumi config rm --stack home --path ${adopt}`;
    await tailscale("POST", acl, formerPolicy);
  });

  it("is refused until somebody has read that policy, and nothing is made", async () => {
    const said = await refused`node scripts/up.ts --stack home`;
    const digest = createHash("sha256").update(formerPolicy).digest("hex");
    assert.match(said, /homelab:tailnet\.policy\.adopt/);
    assert.ok(said.includes(digest), said);
    const shown = parse(await run`node scripts/tailnet.ts adopt --stack home`) as {
      readonly config: { readonly "homelab:tailnet": { readonly policy: unknown } };
    };
    assert.deepEqual(shown.config["homelab:tailnet"].policy, {
      adopt: digest,
      acls: [{ action: "accept", src: ["*"], dst: ["*:*"] }],
    });
    await expectNothingOutside();
    assert.deepEqual(await machines("home"), []);
    assert.equal(await tailscale("GET", acl), formerPolicy);
    await setConfig(adopt, digest);
  });

  const early = nextVictim();
  it(`may leave at Cloudflare what the state does not know, when ${early.who} is killed`, async () => {
    // The tunnel and the token are made, and the plugin asks again for what it did not hear to the end.
    const creations = ["/cfd_tunnel", "/service_tokens"].map((path) => {
      return { service: "cloudflare", method: "POST", path } as const;
    });
    for (const rule of creations) {
      await fault({ ...rule, times: 1, effect: { kind: "lose" } });
      await fault({ ...rule, effect: { kind: "fail", status: 503, retryAfterSeconds: 60 } });
    }
    // On a busy machine the kill comes late, and the next moments are those of machines that nobody has made yet.
    await fault({
      ...{ service: "proxmox", method: "POST", path: "/qemu" },
      effect: { kind: "hang" },
    });
    const come = async (): Promise<void> => {
      const { tunnels, serviceTokens } = await outside();
      assert.deepEqual([tunnels, serviceTokens], [["home"], 1]);
    };
    await killedUp(come, early.victim);
  });

  const creation = nextVictim();
  it(`is taken up again when ${creation.who} is killed during the creation of machines`, async () => {
    // They are made in a blink: the run is held where Proxmox has them and the state does not.
    const rule = { service: "proxmox", method: "POST", path: "/status/start" } as const;
    const held = await fault({ ...rule, effect: { kind: "hang" } });
    await killedUp(
      async () => assert.ok((await held()) > 0, "no machine was started"),
      creation.victim,
    );
    assert.notDeepEqual(await machines("home"), []);
  });

  for (const [what, moment] of Object.entries(moments)) {
    const { who, victim } = nextVictim();
    it(`is taken up again when ${who} is killed during ${what}`, async () => {
      await killedUp(async () => assert.match(await saidSoFar(), moment), victim);
    });
  }

  it("ends with the whole site, and nothing twice", async () => {
    await up("home");
    await expectNothingTwice();
    await eventually(60, () => expectSessions("home", 4));
  });
});

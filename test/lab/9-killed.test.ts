import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { expectSessions } from "./bgp.ts";
import { canariesOf, expectNone } from "./canaries.ts";
import { seenProcesses, watchProcesses } from "./processes.ts";
import {
  attempt,
  endLab,
  eventually,
  kubectl,
  labStatus,
  machines,
  proxmox,
  refused,
  run,
  up,
} from "./site.ts";
import { cloudflare, devices, fault, noFaults, tailscale } from "./world.ts";

/** When to kill: the engine's line that says that a resource is being created. */
const moments = {
  "the creation of machines": /\+\s+proxmoxve:index:VmLegacy\s+\S+\s+creating/,
  "the second server's join": /\+\s+command:remote:Command\s+proxmox-tank-apply-command\s+creating/,
  "the Cilium release": /\+\s+kubernetes:helm\.sh\/v3:Release\s+\S+\s+creating/,
} as const;

/** What is killed: the CLI alone leaves its plugins running. */
const victims = {
  "the CLI alone": ["pkill", "-KILL", "-x", "pulumi"],
  "the CLI and its plugins": [
    "pkill",
    "-KILL",
    "-f",
    "^[^ ]*/pulumi( |-resource-|-language-)|^pulumi ",
  ],
} as const;

/** What the last run that was to be killed has said so far. */
const saidSoFar = (): Promise<string> => run("sh", "-c", 'cat "$HOME/up.log"');

/** Starts `npm run up`, kills once `come` no longer throws and waits until the whole run has ended. */
async function killedUp(come: () => Promise<void>, victim: readonly string[]): Promise<void> {
  // The run writes to a file that is looked at while it goes on.
  await run("sh", "-c", ': >"$HOME/up.log"');
  const going = attempt("sh", "-c", 'exec node scripts/up.ts --stack home >"$HOME/up.log" 2>&1');
  await Promise.race([
    eventually(300, come),
    going.then(async () => {
      throw new Error(`the moment never came: ${await saidSoFar()}`);
    }),
  ]);
  await run(...victim);
  const result = await going;
  assert.notEqual(result.code, 0, "the run was killed and cannot have ended well");
}

async function expectNothingTwice(): Promise<void> {
  const found = await machines("home");
  const names = found.map(({ name }) => name).sort();
  assert.deepEqual(names, ["proxmox-stone", "proxmox-tank", "proxmox-titan", "proxmox-vault"]);
  const { items } = await kubectl<{ items: { metadata: { name: string } }[] }>(
    "home",
    "get",
    "nodes",
  );
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), names);
  const releases = JSON.parse(
    await run("helm", "--kube-context", "home", "list", "-A", "-o", "json"),
  ) as {
    name: string;
    status: string;
  }[];
  assert.deepEqual(
    releases.map(({ name, status }) => ({ name, status })),
    ["cilium", "tailscale-operator"].map((name) => ({ name, status: "deployed" })),
  );
  assert.deepEqual(await outside(), {
    tunnels: ["home"],
    records: ["typeo.example.net"],
    applications: 1,
    policies: 2,
    serviceTokens: 1,
    keys: [...names.map((name) => `auth ${name}`), "client home operator"].sort(),
    devices: ["home-operator", ...names, "robbinsdale-connector-0"].sort(),
  });
  assert.equal((await proxmox<unknown[]>("home", "pools")).length, 1);
  await run("pulumi", "preview", "--stack", "home", "--refresh", "--expect-no-changes");
}

/** What the site has at Cloudflare and Tailscale. */
async function outside(): Promise<Record<string, unknown>> {
  const names = async (path: string): Promise<string[]> =>
    (await cloudflare<{ name: string }[]>("GET", path)).map(({ name }) => name).sort();
  const { keys } = JSON.parse(await tailscale("GET", "tailnet/-/keys")) as {
    keys: { keyType: string; description: string; tags?: string[] }[];
  };
  return {
    tunnels: await names("accounts/{a}/cfd_tunnel?is_deleted=false"),
    records: await names("zones/{z}/dns_records"),
    applications: (await names("accounts/{a}/access/apps")).length,
    policies: (await names("accounts/{a}/access/policies")).length,
    serviceTokens: (await names("accounts/{a}/access/service_tokens")).length,
    // The tailnet's first client is the one that the stack works with; the operator's own keys have no description.
    keys: keys
      .filter(({ description }) => description !== "first client" && description !== "")
      .map(({ keyType, description }) => `${keyType} ${description.replace(/^gen-\w+ /, "")}`)
      .sort(),
    devices: (await devices()).map(({ hostname }) => hostname).sort(),
  };
}

const nothingOutside = {
  tunnels: [],
  records: [],
  applications: 0,
  policies: 0,
  serviceTokens: 0,
  keys: [],
  devices: [],
};

async function expectNoKeyOfTheSite(): Promise<void> {
  const { keys } = JSON.parse(await tailscale("GET", "tailnet/-/keys")) as {
    keys: { description: string }[];
  };
  assert.deepEqual(
    keys.map(({ description }) => description),
    ["first client"],
  );
}

describe("destroy", () => {
  it("leaves nothing behind", async () => {
    await watchProcesses();
    const canaries = await canariesOf("home");
    const said = await run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", "home");
    expectNone(canaries, said, "what destroy says");
    expectNone(canaries, await seenProcesses(), "a command line");
    assert.deepEqual(await machines("home"), []);
    assert.deepEqual(await proxmox("home", "pools"), []);
    for (const host of ["stone", "tank", "titan", "vault"]) {
      for (const storage of ["local", "local-lvm"]) {
        assert.deepEqual(await proxmox("home", `nodes/${host}/storage/${storage}/content`), []);
      }
    }
    await eventually(20, () => expectNoSessions());
  });

  it("takes tunnel, record, Access, keys and devices along, and puts the policy back", async () => {
    assert.deepEqual(await outside(), nothingOutside);
    await expectNoKeyOfTheSite();
    const text = await tailscale("GET", "tailnet/-/acl");
    assert.ok(!text.includes("tag:home"), text);
    assert.deepEqual(JSON.parse(await tailscale("GET", "tailnet/-/dns/split-dns")), {});
  });

  async function expectNoSessions(): Promise<void> {
    const { routers } = await labStatus();
    assert.deepEqual(routers.find(({ site }) => site === "home")?.sessions, []);
  }
});

/** A policy that somebody wrote before this stack came; it must be there again when the stack has gone. */
const formerPolicy = `// the family's own policy
{ "acls": [ { "action": "accept", "src": ["*"], "dst": ["*:*"] } ] }
`;

describe("a tailnet with a policy of its own", () => {
  it("is refused until somebody has read that policy, and nothing is made", async () => {
    await tailscale("POST", "tailnet/-/acl", formerPolicy);
    const said = await refused("node", "scripts/up.ts", "--stack", "home");
    const digest = createHash("sha256").update(formerPolicy).digest("hex");
    assert.match(said, /homelab:tailnet\.policy\.adopt/);
    assert.ok(said.includes(digest), said);
    assert.deepEqual(await machines("home"), []);
    assert.equal(await tailscale("GET", "tailnet/-/acl"), formerPolicy);
    const key = ["--stack", "home", "--path", "homelab:tailnet.policy.adopt"];
    await run("pulumi", "config", "set", ...key, digest);
  });
});

for (const [who, victim] of Object.entries(victims)) {
  describe(`killed: ${who}`, () => {
    afterEach(noFaults);

    it("may leave at Cloudflare what the state does not know", async () => {
      // The tunnel and the token are made, and the plugin asks again for what it did not hear to the end.
      const creations = ["/cfd_tunnel", "/service_tokens"].map((path) => {
        return { service: "cloudflare", method: "POST", path } as const;
      });
      for (const rule of creations) {
        await fault({ ...rule, times: 1, effect: { kind: "lose" } });
        await fault({ ...rule, effect: { kind: "fail", status: 503, retryAfterSeconds: 60 } });
      }
      const come = async (): Promise<void> => {
        const { tunnels, serviceTokens } = await outside();
        assert.deepEqual([tunnels, serviceTokens], [["home"], 1]);
      };
      await killedUp(come, victim);
    });

    for (const [when, moment] of Object.entries(moments)) {
      it(`is taken up again when killed during ${when}`, async () => {
        await killedUp(async () => assert.match(await saidSoFar(), moment), victim);
      });
    }

    it("ends with the whole site, and nothing twice", async () => {
      await up("home");
      await expectNothingTwice();
      await eventually(60, () => expectSessions("home", 4));
      await run("node", "scripts/destroy.ts", "--stack", "home", "--yes");
      assert.deepEqual(await machines("home"), []);
      assert.deepEqual(await outside(), nothingOutside);
      await expectNoKeyOfTheSite();
      assert.equal(await tailscale("GET", "tailnet/-/acl"), formerPolicy);
    });
  });
}

after(endLab);

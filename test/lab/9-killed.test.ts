import assert from "node:assert/strict";
import { expectSessions } from "./bgp.ts";
import {
  attempt,
  endLab,
  eventually,
  kubectl,
  labStatus,
  machines,
  proxmox,
  run,
  up,
} from "./site.ts";

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

/** Starts `npm run up`, kills at the moment given and waits until the whole run has ended. */
async function killedUp(moment: RegExp, victim: readonly string[]): Promise<void> {
  // The run writes to a file that is looked at while it goes on.
  await run("sh", "-c", ': >"$HOME/up.log"');
  const going = attempt("sh", "-c", 'exec node scripts/up.ts --stack home >"$HOME/up.log" 2>&1');
  await Promise.race([
    eventually(300, async () => assert.match(await run("sh", "-c", 'cat "$HOME/up.log"'), moment)),
    going.then(async () => {
      throw new Error(`the moment never came: ${await run("sh", "-c", 'cat "$HOME/up.log"')}`);
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
    [{ name: "cilium", status: "deployed" }],
  );
  assert.equal((await proxmox<unknown[]>("home", "pools")).length, 1);
  await run("pulumi", "preview", "--stack", "home", "--refresh", "--expect-no-changes");
}

describe("destroy", () => {
  it("leaves nothing behind", async () => {
    await run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", "home");
    assert.deepEqual(await machines("home"), []);
    assert.deepEqual(await proxmox("home", "pools"), []);
    for (const host of ["stone", "tank", "titan", "vault"]) {
      for (const storage of ["local", "local-lvm"]) {
        assert.deepEqual(await proxmox("home", `nodes/${host}/storage/${storage}/content`), []);
      }
    }
    await eventually(20, () => expectNoSessions());
  });

  async function expectNoSessions(): Promise<void> {
    const { routers } = await labStatus();
    assert.deepEqual(routers.find(({ site }) => site === "home")?.sessions, []);
  }
});

for (const [who, victim] of Object.entries(victims)) {
  describe(`killed: ${who}`, () => {
    for (const [when, moment] of Object.entries(moments)) {
      it(`is taken up again when killed during ${when}`, async () => {
        await killedUp(moment, victim);
      });
    }

    it("ends with the whole site, and nothing twice", async () => {
      await up("home");
      await expectNothingTwice();
      await eventually(60, () => expectSessions("home", 4));
      await run("node", "scripts/destroy.ts", "--stack", "home", "--yes");
      assert.deepEqual(await machines("home"), []);
    });
  });
}

after(endLab);

import assert from "node:assert/strict";
import { ControlClient } from "../../lab/control/client.ts";
import { expectSessions } from "./cluster.ts";
import { paths, refused, run } from "./command.ts";
import { expectNoError } from "./doctor.ts";
import { identities } from "./identities.ts";
import { expectAnswers, watchedUp } from "./probes.ts";
import { eventually, machine, machines, nothingToChange, proxmox, setConfig } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

const control = new ControlClient(paths.control);
const file = "Pulumi.home.yaml";

const preview = () => run`pulumi preview --stack home --expect-no-changes`;

/** Nothing of this may be taken for a machine that is gone. */
describe("a machine that Proxmox does not show as it was", () => {
  given(siteIsUp);

  it("is the same while its host's API is dead and corosync calls it online", async () => {
    await control.setHost("tank", { api: "refuses" });
    try {
      await preview();
    } finally {
      await control.setHost("tank", { api: "answers" });
    }
  });

  it("is refused when the token does not see it any more", async () => {
    const pool = "pools?poolid=homelab&vms=122";
    await proxmox("home", `${pool}&delete=1`, "PUT");
    await control.setSight(["/pool/homelab"]);
    try {
      const said = await refused`pulumi preview --stack home`;
      assert.match(said, /VM 122 on tank exists, but the Proxmox token does not see it/);
    } finally {
      await control.setSight(["/"]);
      await proxmox("home", pool, "PUT");
    }
  });

  it("is refused without its generation, with the command that puts it back", async () => {
    const { path, tags } = await machine("proxmox-titan");
    const set = (value: readonly string[]) =>
      proxmox("home", `${path}/config?tags=${encodeURIComponent(value.join(";"))}`, "PUT");
    await set(tags.split(";").filter((tag) => !tag.startsWith("gen-")));
    try {
      const said = await refused`pulumi preview --stack home`;
      assert.match(said, new RegExp(`qm set 123 --tags '${tags}'`));
    } finally {
      await set(tags.split(";"));
    }
    await preview();
  });
});

describe("a second stack on one Proxmox cluster", () => {
  given(siteIsUp);

  const cabin = "Pulumi.cabin.yaml";

  after(async () => {
    const restore = `cat "$HOME/kept.yaml" >${cabin}`;
    await run`sh -c ${restore}`;
  });

  it("is refused with what the first one has, before anything is made", async () => {
    const endpoint = "endpoint: https://192.168.1.14:8006";
    const sed = `sed 's|^  homelab:proxmox:|&\\n    ${endpoint}|'`;
    const edit = `cp ${cabin} "$HOME/kept.yaml" && ${sed} "$HOME/kept.yaml" >${cabin}`;
    await run`sh -c ${edit}`;
    const said = await refused`node scripts/up.ts --stack cabin`;
    assert.match(said, /homelab:proxmox\.pool: the pool homelab is there already/);
    assert.match(said, /hut is no node of this Proxmox cluster/);
    assert.equal((await machines("home")).length, 4);
  });
});

/** The first server, whose host the config's endpoint names. */
describe("a Proxmox host that is lost for good", () => {
  given(siteIsUp);

  const host = "stone";
  const lost = "proxmox-stone";
  const forget = ["node", "scripts/forget-host.ts", "--stack", "home", "--host", host];

  let original: Awaited<ReturnType<typeof identities>>;

  before(async () => {
    const keep = `cp ${file} "$HOME/kept.yaml"`;
    await run`sh -c ${keep}`;
    original = await identities("proxmox-tank");
    // What steps of the next `up` ask stands on the machine that is lost.
    const others = ["proxmox-tank", "proxmox-titan", "proxmox-vault"];
    const connect = "deployment/onepassword-connect";
    await run`kubectl --context home cordon ${others}`;
    try {
      await run`kubectl --context home -n onepassword rollout restart ${connect}`;
      await run`kubectl --context home -n onepassword rollout status ${connect} --timeout=180s`;
    } finally {
      await run`kubectl --context home uncordon ${others}`;
    }
  });

  after(async () => {
    const restore = `cat "$HOME/kept.yaml" >${file}`;
    await run`sh -c ${restore}`;
    await control.setHost(host, { power: "on", membership: "member" });
  });

  it("is not forgotten while Proxmox or the config still has it, and is told what to do", async () => {
    await control.setHost(host, { power: "off" });
    await setConfig("homelab:proxmox.endpoint", "https://192.168.1.14:8006");
    const said = await refused`${forget}`;
    assert.match(said, /pvecm delnode stone/);
    assert.match(said, /machines still has proxmox-stone on stone/);
    assert.match(said, /proxmox\.hosts still has stone/);
  });

  it("is forgotten once it is removed, and one up makes the site whole without it", async () => {
    await run`pulumi config rm --stack home --path homelab:machines[0]`;
    await run`pulumi config rm --stack home --path homelab:proxmox.hosts[0]`;
    await setConfig("homelab:allowRemove[0]", lost);
    await control.setHost(host, { membership: "removed" });
    assert.match(await refused`${forget}`, /rm -r \/etc\/pve\/nodes\/stone/);
    assert.match(
      await refused`node scripts/up.ts --stack home`,
      /npm run forget-host -- --stack home/,
    );
    await control.setHost(host, { membership: "cleared" });
    await run`${forget}`;
    const seen = await watchedUp();
    // Etcd loses a member, and the address may move. The name may go with a pod.
    expectAnswers(seen, ["api", "address"], 2);
    const now = await identities("proxmox-tank");
    assert.deepEqual(now.counts, [3, 3, 2, 3]);
    for (const what of ["vm", "node", "member", "device"] as const) {
      assert.equal(now[what].get(lost), undefined, what);
      for (const name of ["proxmox-tank", "proxmox-titan", "proxmox-vault"])
        assert.deepEqual(now[what].get(name), original[what].get(name), `${what} of ${name}`);
    }
    await eventually(60, () => expectSessions("home", 3));
    // The pods that stood on the lost machine start elsewhere after up is done.
    await run`kubectl --context home wait deployments --all -A --for=condition=Available --timeout=180s`;
    await nothingToChange("home");
    await expectNoError();
  });
});

import assert from "node:assert/strict";
import { expectSessions } from "./cluster.ts";
import { kubectl, refused, run } from "./command.ts";
import { identities } from "./identities.ts";
import { expectAnswers, watchedUp } from "./probes.ts";
import { eventually, nothingToChange, setConfig } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { cephOf, osdsByNode } from "./storage.ts";

/** A server; two others stay. */
const leaver = "proxmox-titan";
const stayers = ["proxmox-stone", "proxmox-tank", "proxmox-vault"];

/** Its entry in the site file. */
const entry = "homelab:machines[2]";
const file = "Pulumi.home.yaml";

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly spec: { readonly nodeName?: string };
}

/** The last of the tests that want the whole site: what comes next destroys it, so that nobody waits for a return. */
describe("a machine that leaves the config", () => {
  given(siteIsUp);

  let original: Awaited<ReturnType<typeof identities>>;

  before(async () => {
    const keep = `cp ${file} "$HOME/kept.yaml"`;
    await run`sh -c ${keep}`;
    original = await identities();
  });

  after(async () => {
    const restore = `cat "$HOME/kept.yaml" >${file}`;
    await run`sh -c ${restore}`;
  });

  it("is not destroyed until allowRemove names it", async () => {
    await run`pulumi config rm --stack home --path ${entry}`;
    const even = await refused`node scripts/up.ts --stack home`;
    assert.match(even, /2 servers cannot keep quorum/);
    await setConfig("homelab:allowRemove[0]", "proxmox-attic");
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /proxmox-titan\): .*VM 123 on titan would be destroyed with its disks/);
    assert.match(said, /name proxmox-titan under homelab:allowRemove/);
    assert.deepEqual((await identities()).counts, original.counts);
  });

  it("leaves the tailnet, Ceph, the cluster and etcd before Proxmox, and the others stay as they are", async () => {
    await setConfig("homelab:allowRemove[0]", leaver);
    const { said, ...seen } = await watchedUp();
    // The address may move twice, from the leaver and from a server whose RKE2 restarts. The name may go with a pod.
    expectAnswers(seen, ["api", "address"], 2);
    const drained = said.indexOf(`moving what the disks of ${leaver} hold to others: osd`);
    assert.ok(drained !== -1 && drained < said.search(/proxmox-titan-vm deleted/), said);
    assert.deepEqual(await osdsByNode(), stayers);
    const { health, osds } = await cephOf();
    assert.deepEqual([health, osds], ["HEALTH_OK", 3]);
    const now = await identities();
    assert.deepEqual(now.counts, [3, 3, 2, 3]);
    for (const what of ["vm", "node", "member", "device"] as const) {
      assert.equal(now[what].get(leaver), undefined, what);
      for (const name of stayers)
        assert.deepEqual(now[what].get(name), original[what].get(name), `${what} of ${name}`);
    }
    const { items } = await kubectl<{ items: Pod[] }>`--context home get pods -A`;
    // Those of the node itself and of DaemonSets go when the cluster notices that it has no such node.
    const bound = (pod: Pod): boolean =>
      (pod.metadata.ownerReferences ?? []).some(({ kind }) => /^(Node|DaemonSet)$/.test(kind));
    const left = items.filter((pod) => pod.spec.nodeName === leaver && !bound(pod));
    assert.deepEqual(
      left.map(({ metadata }) => metadata.name),
      [],
    );
    await eventually(60, () => expectSessions("home", 3));
    await nothingToChange("home");
  });
});

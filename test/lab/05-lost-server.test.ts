import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { NodeObject } from "../../lab/shell/summary.ts";
import { addressHolder, node, nodes, readiness } from "./cluster.ts";
import { attempt, refused, run } from "./command.ts";
import { clusterOn, identities } from "./identities.ts";
import { changeConfig, eventually, machine, proxmox, proxmoxTask, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

const address = "https://192.168.1.20:6443";

/** Whether the API behind the site's address answers; any HTTP status is an answer. */
async function answers(): Promise<boolean> {
  const { code } = await attempt`curl -sk --max-time 1 -o /dev/null ${address}/readyz`;
  return code === 0;
}

describe("a lost server", () => {
  given(siteIsUp);

  let lost: Awaited<ReturnType<typeof machine>>;

  it("does not take the cluster's address away for more than 20 s", async () => {
    lost = await machine(await addressHolder());
    await proxmox("home", `${lost.path}/status/stop`, "POST");
    await eventually(10, async () => {
      const { status } = await proxmox<{ status: string }>("home", `${lost.path}/status/current`);
      assert.equal(status, "stopped");
    });
    const outage = await eventually(20, async () => assert.ok(await answers(), "no answer"));
    process.stdout.write(`      the address answered again after ${outage.toFixed(1)} s\n`);
    // One answer could come from a dying server: it has to last.
    for (let count = 0; count < 10; count += 1) {
      assert.ok(await answers(), "the address answered once and fell silent again");
      await delay(200);
    }
    assert.notEqual(await addressHolder(), lost.name);
  });

  it("is ready again after its machine starts, without an up", async () => {
    await eventually(90, async () => {
      assert.notEqual(readiness(await node(lost.name)), "True");
    });
    await proxmox("home", `${lost.path}/status/start`, "POST");
    await eventually(90, async () => {
      assert.equal(readiness(await node(lost.name)), "True");
    });
    assert.equal(await run`ssh ${lost.name} true`, "");
  });
});

/** It began the cluster, and begins no second one. */
describe("the first server when it is lost with its disk", () => {
  given(siteIsUp);

  const first = "proxmox-stone";
  const others = ["proxmox-tank", "proxmox-titan", "proxmox-vault"];
  const object = "from-before-the-loss";

  it("is built anew by an up that looks first, which says so, and joins the cluster that is there", async () => {
    await run`kubectl --context home create configmap ${object}`;
    const before = await identities("proxmox-tank");
    const cluster = await clusterOn("proxmox-tank");
    const { path } = await machine(first);
    await proxmoxTask(`${path}/status/stop`);
    await proxmoxTask(path, "DELETE");
    const said = await up("home", "--refresh");
    assert.match(
      said,
      /proxmox-stone \(VM 121 on stone\) is gone from Proxmox: npm run up -- --ref/,
    );
    // Its own etcd and API server are asked: a second cluster would have ids of its own.
    assert.deepEqual(await clusterOn(first), cluster);
    await run`kubectl --context home delete configmap ${object}`;
    const now = await identities(first);
    assert.deepEqual(now.counts, before.counts);
    assert.deepEqual(now.learners, []);
    for (const what of ["vm", "node", "member", "device"] as const) {
      assert.notDeepEqual(now[what].get(first), before[what].get(first), what);
      for (const name of others)
        assert.deepEqual(now[what].get(name), before[what].get(name), `${what} of ${name}`);
    }
  });
});

describe("a changed setting", () => {
  given(siteIsUp);

  it("reaches every node, one after the other, and the API never stops answering", async () => {
    const script = `
      while [ ! -e "$HOME/stop-probe" ]; do
        date +%s.%N | tr '\\n' ' '
        curl -sk --max-time 2 -o /dev/null -w '%{http_code}\\n' ${address}/readyz || true
        sleep 0.2
      done; rm -f "$HOME/stop-probe"`;
    const probe = attempt`sh -c ${script}`;
    let pods: string;
    try {
      pods = await changeConfig("homelab:cluster.kubeletArgs.max-pods", ["120", "130"]);
      await up("home");
    } finally {
      await run`sh -c ${'touch "$HOME/stop-probe"'}`;
    }
    const lines = (await probe).stdout.trim().split("\n");
    const silent = lines.filter((line) => line.endsWith(" 000"));
    assert.ok(lines.length > 20, "the probe hardly ran");
    assert.deepEqual(silent, [], `no answer at ${silent.length} of ${lines.length} looks`);
    type Sized = NodeObject & { status: { capacity: { pods: string } } };
    assert.deepEqual(
      (await nodes<Sized>("home")).map(({ status }) => status.capacity.pods),
      [pods, pods, pods, pods],
    );
  });

  /** When each node's settings were written; its RKE2 runs. */
  const written = async (): Promise<readonly number[]> => {
    const times: number[] = [];
    for (const name of ["proxmox-stone", "proxmox-tank", "proxmox-titan", "proxmox-vault"]) {
      const unit = name === "proxmox-vault" ? "rke2-agent" : "rke2-server";
      const script = `stat -c %Y /etc/rancher/rke2/config.yaml; systemctl is-active ${unit}`;
      const text = await run`ssh ${name} ${script}`;
      times.push(Number(text.split("\n")[0]));
    }
    return times;
  };

  it("started the nodes' kubelets at different times", async () => {
    const times = await written();
    assert.equal(new Set(times).size, 4, `config written at ${times.join(", ")}`);
  });

  it("is refused where the kubelet does not know its flag, before any node restarts", async () => {
    const before = await written();
    const flag = "homelab:cluster.kubeletArgs.max-pod";
    await setConfig(flag, "120");
    try {
      const said = await refused`node scripts/up.ts --stack home`;
      assert.match(
        said,
        /proxmox-stone: the kubelet of v\S+ has no flag max-pod, which kubeletArgs/,
      );
    } finally {
      await run`pulumi config rm --stack home --path ${flag}`;
    }
    assert.deepEqual(await written(), before);
  });

  it("ends at the first machine whose kubelet refuses a value, which goes back to what it had", async () => {
    const before = await written();
    const flag = "homelab:cluster.kubeletArgs.eviction-hard";
    await setConfig(flag, "memory.available=500Mi");
    try {
      const said = await refused`node scripts/up.ts --stack home`;
      assert.match(said, /proxmox-stone: its kubelet does not start/);
      assert.match(said, /invalid eviction threshold syntax/);
      assert.equal((await run`ssh proxmox-stone systemctl is-active rke2-server`).trim(), "active");
    } finally {
      await run`pulumi config rm --stack home --path ${flag}`;
    }
    assert.deepEqual((await written()).slice(1), before.slice(1));
    const left =
      await run`ssh proxmox-stone ${"grep eviction-hard /etc/rancher/rke2/config.yaml || true"}`;
    assert.equal(left, "");
    await eventually(90, async () => {
      for (const each of await nodes("home")) assert.equal(readiness(each), "True");
    });
  });
});

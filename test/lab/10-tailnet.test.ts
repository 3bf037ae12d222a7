import assert from "node:assert/strict";
import { node, readiness } from "./cluster.ts";
import { attempt, kubectl } from "./command.ts";
import { eventually, machine, proxmox } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { asDevice, logIn, tailscale } from "./world.ts";

/** A pod of the Connector, which is one device of the tailnet. */
interface ConnectorPod {
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string };
}

interface Answer {
  /** curl's exit code; 28 when nothing came in time. */
  readonly code: number;
  readonly status: string;
}

describe("what the Connector carries for devices of the tailnet", () => {
  given(siteIsUp);

  /** Of an admin and of a member to whom no grant gives anything. */
  const devices: { laptop?: string; phone?: string } = {};
  /** The one that carries routes, and the one that waits. */
  let [first, second]: ConnectorPod[] = [];
  /** A service of the cluster, a node, and a host of the LAN. */
  let there: readonly string[];

  before(async () => {
    devices.laptop = await logIn("admin@example.net", "laptop");
    devices.phone = await logIn("family@example.net", "phone");
    const { items } = await kubectl<{
      items: ConnectorPod[];
    }>`--context home get pods -n tailscale -l tailscale.com/parent-resource-type=connector`;
    const { spec } = await kubectl<{
      spec: { clusterIP: string; ports: { port: number }[] };
    }>`--context home get service typeo -n typeo`;
    there = [
      `http://${spec.clusterIP}:${spec.ports[0]?.port}/`,
      "https://192.168.1.22:6443/version",
      "https://192.168.1.11:8006/",
    ];
    // Of several devices with a route the oldest carries it, which may be any pod's.
    const answers = await Promise.all(
      items.map(async (pod) => ({ pod, ...(await asked(devices.laptop, there[2] ?? "", pod)) })),
    );
    [first, second] = answers.sort((a, b) => a.code - b.code).map(({ pod }) => pod);
  });

  after(async () => {
    for (const id of Object.values(devices)) await tailscale("DELETE", `device/${id}`);
  });

  /** What a device hears from an address, through a pod of the Connector. */
  async function asked(
    device: string | undefined,
    url: string,
    through: ConnectorPod | undefined = first,
  ): Promise<Answer> {
    const who = asDevice(device, through?.status.podIP);
    const { code, stdout } =
      await attempt`curl -sSk -m 5 -o /dev/null -w ${"%{http_code}"} ${who} ${url}`;
    return { code, status: stdout };
  }

  it("is a service, a node and the LAN, for who has a grant of them", async () => {
    for (const url of there) {
      const { code, status } = await asked(devices.laptop, url);
      assert.deepEqual([code, status === "000"], [0, false], url);
    }
  });

  it("is nothing at all for a member without a grant", async () => {
    for (const url of there)
      assert.deepEqual(await asked(devices.phone, url), { code: 28, status: "000" });
  });

  it("is carried by the other device when the machine of the first is lost", async () => {
    const lost = first?.spec.nodeName ?? "";
    assert.notEqual(second?.spec.nodeName, lost);
    const [, , host = ""] = there;
    assert.equal((await asked(devices.laptop, host, second)).code, 28, "both carry at once");
    const { path } = await machine(lost);
    await proxmox("home", `${path}/status/stop`, "POST");
    try {
      const silent = await eventually(120, async () => {
        const { code, status } = await asked(devices.laptop, host, second);
        assert.deepEqual([code, status === "000"], [0, false]);
      });
      process.stdout.write(`      the LAN answered again after ${silent.toFixed(1)} s\n`);
    } finally {
      await proxmox("home", `${path}/status/start`, "POST");
      await eventually(180, async () => assert.equal(readiness(await node(lost)), "True"));
    }
  });
});

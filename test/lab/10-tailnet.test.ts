import assert from "node:assert/strict";
import { attempt, kubectl } from "./command.ts";
import { given, siteIsUp } from "./states.ts";
import { logIn, tailscale } from "./world.ts";

interface Answer {
  /** curl's exit code; 28 when nothing came in time. */
  readonly code: number;
  readonly status: string;
}

describe("what the Connector carries for devices of the tailnet", () => {
  given(siteIsUp);

  /** Of an admin and of a member to whom no grant gives anything. */
  const devices: { laptop?: string; phone?: string } = {};
  let way: string;
  /** A service of the cluster, a node, and a host of the LAN. */
  let there: readonly string[];

  before(async () => {
    devices.laptop = await logIn("admin@example.net", "laptop");
    devices.phone = await logIn("family@example.net", "phone");
    const { items } = await kubectl<{
      items: { status: { podIP: string } }[];
    }>`--context home get pods -n tailscale -l tailscale.com/parent-resource-type=connector`;
    way = `http://${items[0]?.status.podIP}:41641`;
    const { spec } = await kubectl<{
      spec: { clusterIP: string; ports: { port: number }[] };
    }>`--context home get service typeo -n typeo`;
    there = [
      `http://${spec.clusterIP}:${spec.ports[0]?.port}/`,
      "https://192.168.1.22:6443/version",
      "https://192.168.1.11:8006/",
    ];
  });

  after(async () => {
    for (const id of Object.values(devices)) await tailscale("DELETE", `device/${id}`);
  });

  async function asked(device: string | undefined, url: string): Promise<Answer> {
    const who = ["--proxytunnel", "--proxy", way, "--proxy-header", `Tailnet-Device: ${device}`];
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
});

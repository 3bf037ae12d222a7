import assert from "node:assert/strict";
import type { ApiCall } from "../../../components/http/patient-http.ts";
import { proxmoxPower, type Power } from "../../../components/proxmox/power.ts";
import { apiOver } from "../../../components/proxmox/proxmox-api.ts";

const endpoint = "https://192.168.1.11:8006";
const upid = "UPID:tank:0001:0002:0003:qmshutdown:122:homelab@pve!pulumi:";

/** A Proxmox that answers by a table, `METHOD path` to one answer after the other; the last stays. */
function proxmox(answers: Readonly<Record<string, readonly unknown[]>>): {
  readonly power: Power;
  readonly asked: readonly string[];
  readonly sent: readonly ApiCall[];
} {
  const asked: string[] = [];
  const sent: ApiCall[] = [];
  const given = new Map(Object.entries(answers).map(([key, list]) => [key, [...list]]));
  const call = (_what: string, request: ApiCall) => {
    const { pathname, search } = new URL(request.url);
    const key = `${request.method} ${pathname.replace("/api2/json/", "")}${search}`;
    asked.push(key);
    sent.push(request);
    const left = given.get(key);
    assert.ok(left, `unexpected ${key}`);
    const data = left.length > 1 ? left.shift() : left[0];
    return Promise.resolve({ status: 200, etag: "", text: JSON.stringify({ data }) });
  };
  const access = { endpoint, token: "homelab@pve!pulumi=secret" };
  const power = proxmoxPower(apiOver(access, call), () => Promise.resolve());
  return { power, asked, sent };
}

const vm = "nodes/tank/qemu/122";
const task = `GET nodes/tank/tasks/${encodeURIComponent(upid)}/status`;
const world = {
  "GET cluster/resources?type=vm": [[{ vmid: 122, node: "tank" }]],
  [`POST ${vm}/status/shutdown`]: [upid],
  [`POST ${vm}/status/reboot`]: [upid],
  [task]: [{ status: "running" }, { status: "stopped", exitstatus: "OK" }],
  [`GET ${vm}/status/current`]: [{ status: "running" }, { status: "stopped" }],
};

describe("the power of a virtual machine", () => {
  it("goes through its guest, which is not cut off, and is off once Proxmox says so", async () => {
    const { power, sent } = proxmox(world);
    await power.shutDown(122, 600);
    const [post] = sent.filter(({ method }) => method === "POST");
    assert.equal(post?.body, "timeout=600");
    assert.equal(post.headers?.["authorization"], "PVEAPIToken=homelab@pve!pulumi=secret");
    // Under HA the task ends before the machine is off.
    assert.equal(sent.filter(({ url }) => url.endsWith("/status/current")).length, 2);
  });

  it("stays when the guest does not go in time", async () => {
    const late = { status: "stopped", exitstatus: "VM quit/powerdown failed - got timeout" };
    const { power } = proxmox({ ...world, [task]: [late] });
    await assert.rejects(power.shutDown(122, 600), /got timeout/);
    const { power: hangs } = proxmox({
      ...world,
      [`GET ${vm}/status/current`]: [{ status: "running" }],
    });
    await assert.rejects(hangs.shutDown(122, 3), /is running and not stopped after 63 s/);
  });

  it("comes back by the host's own task, whoever waits for it", async () => {
    const back = [{ status: "stopped" }, { status: "running" }];
    const { power, asked } = proxmox({ ...world, [`GET ${vm}/status/current`]: back });
    await power.reboot(122, 600);
    assert.ok(asked.includes(`POST ${vm}/status/reboot`));
    assert.ok(!asked.some((one) => one.endsWith("/status/start")));
  });

  it("is asked where the machine is, and what waits for its start", async () => {
    const settings = [
      { key: "cores", value: 4 },
      { key: "memory", value: "8192", pending: "9216" },
      { key: "hostpci0", value: "mapping=gpu", delete: 1 },
    ];
    const { power } = proxmox({ ...world, [`GET ${vm}/pending`]: [settings] });
    assert.deepEqual(await power.pending(122), ["hostpci0", "memory"]);
    assert.equal(await power.state(999), undefined);
    await assert.rejects(power.pending(999), /Proxmox shows no virtual machine 999/);
  });
});

import assert from "node:assert/strict";
import { parse } from "yaml";
import { agentConfig, serverConfig } from "../../../components/rke2/config.ts";
import { clusterPlan } from "../../../stacks/parts/cluster/deploy.ts";
import { deviceChecks, judgeDevices } from "../../../stacks/parts/devices/doctor.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { said } from "../scripts/said.ts";
import { devicesSite, stick } from "./devices-site.ts";
import { homeConfig } from "./sample.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The fields that a Go struct has by its tags; yaml.Unmarshal would drop any other without a word. */
function fields(value: unknown, known: readonly string[]): Fields {
  const found = value as Fields;
  assert.deepEqual(
    Object.keys(found).filter((key) => !known.includes(key)),
    [],
  );
  return found;
}

/**
 * `--device` as the plugin reads it (generic-device-plugin, deviceplugin/generic.go: DeviceSpec and Group; path.go: Path), with
 * what it holds against it (main.go, Main).
 */
function readDevice(argument: string) {
  const { name, groups } = fields(parse(argument), ["name", "groups"]);
  assert.match(name as string, /^[a-z0-9][-a-z0-9]*[a-z0-9]$/);
  const [group, ...further] = groups as readonly unknown[];
  assert.deepEqual(further, []);
  const { paths, count } = fields(group, ["paths", "usb", "count"]);
  const read = (paths as readonly unknown[]).map((one) =>
    fields(one, ["path", "mountPath", "permissions", "readOnly", "type", "limit", "optional"]),
  );
  return { name: name as string, count, paths: read };
}

/** What the plugin is told, flag by flag. */
function devicesOf(args: readonly string[]) {
  const [domain, ...rest] = args;
  assert.equal(domain, "--domain=homelab");
  return rest.flatMap((arg, i) => {
    if (i % 2 === 1) return [readDevice(arg)];
    assert.equal(arg, "--device");
    return [];
  });
}

describe("the plugin that hands devices to pods", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(devicesSite());
  });
  const plugin = () => at(recording.get("home-devices-plugin").shown, "spec.template.spec");

  it("is told the devices in the form that it reads", () => {
    const permissions = "rw";
    assert.deepEqual(devicesOf(at(plugin(), "containers[0].args") as readonly string[]), [
      { name: "gpu", count: 2, paths: [{ path: "/dev/dri/renderD128", permissions }] },
      { name: "zigbee", count: 1, paths: [{ path: stick, permissions }] },
    ]);
  });

  it("finds place for its socket, whatever a device may be called", () => {
    const longest = "x".repeat(31);
    const paths = ["/dev/dri/renderD128"];
    const one = { pci: "igpu", paths };
    const named = (name: string) => homeConfig(devicesSite({ [`devices.${name}`]: one }));
    assert.ok(longest in named(longest).devices);
    assert.throws(() => named(`${longest}x`), /2 to 31 lower-case letters/);
    // NewPlugin (deviceplugin/plugin.go); a path of a socket has 107 bytes (unix(7)).
    const resource = Buffer.from(`homelab/${longest}`).toString("base64");
    const socket = `/var/lib/kubelet/device-plugins/gdp-${resource}-1796000000.sock`;
    assert.ok(socket.length <= 107, `${socket.length}`);
    assert.doesNotMatch(resource, /\//);
  });

  it("runs on the machines with devices alone, whatever keeps other pods off", () => {
    const terms = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
    assert.deepEqual(at(plugin(), `${terms}.nodeSelectorTerms[0].matchExpressions`), [
      {
        ...{ key: "kubernetes.io/hostname", operator: "In" },
        values: ["proxmox-stone", "proxmox-tank"],
      },
    ]);
    assert.deepEqual(at(plugin(), "tolerations"), [{ operator: "Exists" }]);
  });

  it("is root, and may do nothing by it but reach the kubelet and see which files are there", () => {
    const container = at(plugin(), "containers[0]");
    assert.deepEqual(at(container, "securityContext"), {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      ...{ runAsNonRoot: false, runAsUser: 0, runAsGroup: 0 },
    });
    assert.deepEqual(at(container, "volumeMounts"), [
      { name: "plugins", mountPath: "/var/lib/kubelet/device-plugins" },
      { name: "dev", mountPath: "/dev", readOnly: true },
    ]);
    // Its usual place could not be made in a /dev that is read-only, and the container would not start.
    assert.equal(at(container, "terminationMessagePath"), "/termination-log");
  });

  it("talks to nobody", () => {
    const plan = policyPlan(homeConfig(devicesSite()));
    assert.ok(plan.guarded.some(({ namespace }) => namespace === "devices"));
    const ends = plan.flows.flatMap(({ from, to }) => [from, to]);
    assert.deepEqual(
      ends.filter((end) => "namespace" in end && end.namespace === "devices"),
      [],
    );
  });

  it("is not there where the site names no device", async () => {
    const { resources } = await recordedHome();
    assert.ok(!resources.some(({ name }) => name.startsWith("home-devices")));
  });
});

describe("devices of machines", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(devicesSite());
  });
  const pod = (app: string) => at(recording.get(`${app}-deployment`).shown, "spec.template.spec");

  it("are asked for by the containers that use them, one of each", () => {
    assert.deepEqual(at(pod("plex"), "containers[0].resources.limits"), {
      ...{ memory: "4Gi", "homelab/gpu": "1" },
    });
    assert.deepEqual(at(pod("home-assistant"), "containers[0].resources.limits"), {
      ...{ memory: "2Gi", "homelab/zigbee": "1" },
    });
    for (const app of ["immich", "immich-machine-learning"])
      assert.equal(
        (at(pod(app), "containers[0].resources.limits") as Fields)["homelab/gpu"],
        "1",
        app,
      );
  });

  it("are asked for after there is somebody to hand them out", () => {
    const { after } = recording.get("plex-deployment");
    assert.ok(after.includes("home-devices-plugin"), after.join(" "));
    assert.ok(!recording.get("sonarr-deployment").after.includes("home-devices-plugin"));
  });

  it("belong in a container to the user that it runs as", () => {
    const read = (changes = {}) => {
      const config = homeConfig(changes);
      const plan = clusterPlan({ name: "home", config }, (ref) => ref);
      const tokens = { server: "SERVER", agent: "AGENT" };
      return config.machines.map((machine) => {
        const node = { ...machine, generation: "gen-0000aaaa" };
        const text =
          machine.role === "server"
            ? serverConfig(plan, config.machines, node, tokens)
            : agentConfig(plan, node, tokens);
        return (parse(text) as Fields)["nonroot-devices"];
      });
    };
    assert.deepEqual(read(devicesSite()), [true, true, true, true]);
    assert.deepEqual(read(), [undefined, undefined, undefined, undefined]);
    assert.equal(at(pod("plex"), "securityContext.runAsUser"), 1000);
  });
});

describe("the doctor at devices", () => {
  const config = homeConfig(devicesSite());
  const node = (name: string, allocatable: Readonly<Record<string, string>>) => ({
    metadata: { name },
    status: { allocatable },
  });
  const well = { cpu: "12", "homelab/gpu": "2", "homelab/zigbee": "1" };
  const tank = node("proxmox-tank", { "homelab/gpu": "2" });

  it("is content where each machine offers what it is to have", () => {
    assert.equal(
      said(judgeDevices(config, [node("proxmox-stone", well), tank])),
      [
        "ok: device gpu of proxmox-stone: is there for 2",
        "ok: device gpu of proxmox-tank: is there for 2",
        "ok: device zigbee of proxmox-stone: is there for 1",
      ].join("\n"),
    );
  });

  it("names a machine that has none to give, and how to look", () => {
    const findings = judgeDevices(config, [
      node("proxmox-stone", { ...well, "homelab/gpu": "0" }),
      tank,
    ]);
    const [first] = findings;
    assert.match(said(findings), /^error: device gpu of proxmox-stone: the node has none to give/);
    assert.match(first?.remedy ?? "", /^ssh root@192\.168\.1\.21 ls -l \/dev\/dri\/renderD128; /);
  });

  it("sees a plugin that has not been told a new count", () => {
    const found = judgeDevices(config, [node("proxmox-stone", { ...well, "homelab/gpu": "1" })]);
    assert.match(said(found), /^error: .*the node has 1 to give, .*gpu\.count is 2/);
  });

  it("leaves a node that is not there to others, and asks only where there are devices", () => {
    assert.deepEqual(judgeDevices(config, []), []);
    const run = () => Promise.reject(new Error("is not asked"));
    assert.deepEqual(deviceChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(deviceChecks({ config, isUp: false }, run), []);
    assert.equal(deviceChecks({ config, isUp: true }, run).length, 1);
  });
});

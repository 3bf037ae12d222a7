import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { secret } from "@pulumi/pulumi";
import { parse } from "yaml";
import { shutdownSeconds } from "../../../components/machine.ts";
import { nodeParameters, type ClusterNode } from "../../../components/rke2/node-parameters.ts";
import { scripts } from "../../../components/rke2/scripts.ts";
import { kubeletShutdown, leaseOfServer } from "../../../components/rke2/shutdown.ts";
import { clusterPlan } from "../../../stacks/parts/cluster/deploy.ts";
import { sitePlan } from "../../../stacks/parts/machines/plan.ts";
import { homeConfig } from "../stacks/sample.ts";
import { machineRoot, runScript } from "./machine-script.ts";

describe("the shutdown of a node that carries storage", () => {
  it("ends applications first, then what the cluster needs, then what volumes are served by", () => {
    const {
      apiVersion,
      kind,
      shutdownGracePeriod,
      shutdownGracePeriodCriticalPods,
      shutdownGracePeriodByPodPriority: groups,
    } = parse(kubeletShutdown) as {
      readonly shutdownGracePeriod: string;
      readonly shutdownGracePeriodCriticalPods: string;
      readonly apiVersion: string;
      readonly kind: string;
      readonly shutdownGracePeriodByPodPriority: readonly {
        readonly priority: number;
        readonly shutdownGracePeriodSeconds: number;
      }[];
    };
    assert.deepEqual([apiVersion, kind], ["kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"]);
    // system-cluster-critical and system-node-critical (kubernetes, pkg/apis/scheduling/types.go).
    assert.deepEqual(
      groups.map(({ priority }) => priority),
      [0, 2_000_000_000, 2_000_001_000],
    );
    // The other form, which a file of somebody's may have, and the kubelet refuses beside this one.
    assert.deepEqual([shutdownGracePeriod, shutdownGracePeriodCriticalPods], ["0s", "0s"]);
    const sum = groups.reduce((all, group) => all + group.shutdownGracePeriodSeconds, 0);
    assert.equal(sum, shutdownSeconds.all);
  });

  it("keeps RKE2 for as long where its API server, which ends first, is the only one", () => {
    const text = leaseOfServer(1);
    const seconds = (name: string) =>
      Number(new RegExp(`^Environment=${name}=(\\d+)s$`, "m").exec(text)?.[1]);
    const [lease, deadline] = ["LEASE_DURATION", "RENEW_DEADLINE"].map((name) =>
      seconds(`CATTLE_ELECTION_${name}`),
    ) as [number, number];
    assert.ok(deadline >= shutdownSeconds.all && lease > deadline, text);
    assert.equal(leaseOfServer(3), "");
  });

  it("is told to nodes of sites with storage alone", () => {
    const told = (storage: boolean, role: "server" | "agent", of: Partial<ClusterNode> = {}) => {
      const config = homeConfig(storage ? {} : { storage: { enabled: false } });
      const cluster = clusterPlan({ name: "home", config }, (ref) => ref);
      const node = { ...config.machines[0], role, ...of } as unknown as ClusterNode;
      const token = secret("token");
      const settings = { cluster, servers: [node] as const, renews: "" };
      const secrets = { server: token, agent: token, password: "" };
      const { SHUTDOWN, LEASE } = nodeParameters(settings, node, "apply", secrets, "no");
      return [SHUTDOWN, LEASE];
    };
    assert.deepEqual(told(true, "server"), [kubeletShutdown, leaseOfServer(1)]);
    assert.deepEqual(told(true, "agent"), [kubeletShutdown, ""]);
    assert.deepEqual(told(false, "server"), ["", ""]);
    const ha = { maxRestart: 1, maxRelocate: 1 };
    assert.deepEqual(told(true, "agent", { ha }), ["", ""], "HA cuts it off after 60 s");
  });

  it("has the host wait as long as it takes, where there is storage", () => {
    const wait = (changes = {}) =>
      sitePlan({ name: "home", config: homeConfig(changes) }).downDelay;
    assert.ok(wait() >= shutdownSeconds.all + 90);
    assert.equal(wait({ storage: { enabled: false } }), 180);
  });

  describe("on its machine", () => {
    let root: string;
    const masked = "etc/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf";
    const dropIn = "var/lib/rancher/rke2/agent/etc/kubelet.conf.d/90-homelab-shutdown.conf";
    const lease = "etc/systemd/system/rke2-server.service.d/50-homelab-lease.conf";

    beforeEach(() => {
      root = machineRoot();
      mkdirSync(join(root, "etc/rancher/rke2"), { recursive: true });
      writeFileSync(join(root, "etc/rancher/rke2/config.yaml"), "node-name: stone\n");
    });

    afterEach(() => {
      rmSync(root, { recursive: true });
    });

    /** What the step tells a node's settings from others by, once it has written these. */
    const written = async (SHUTDOWN: string, LEASE: string): Promise<string> => {
      const calls = "\nunit=rke2-$ROLE\nshutdown_order\nfingerprint\n";
      const script = scripts.node.replace(/\nmain "\$@".*\n$/, calls);
      const parameters = { SHUTDOWN, LEASE, ROLE: "server", VERSION: "v1.36.3+rke2r1" };
      const { code, stdout, stderr } = await runScript(root, script, parameters);
      assert.equal(code, 0, stderr);
      return stdout;
    };

    it("is a file that the kubelet reads after RKE2's own, and a limit of Debian's that logind does not", async () => {
      await written(kubeletShutdown, "[Service]\nEnvironment=A=1");
      assert.equal(readFileSync(join(root, dropIn), "utf8").trim(), kubeletShutdown.trim());
      // And after what RKE2 copies there of `--config` and `--config-dir`.
      assert.ok("90-homelab-shutdown.conf" > "20-cli-config-dir");
      assert.equal(readlinkSync(join(root, masked)), "/dev/null");
      assert.match(readFileSync(join(root, lease), "utf8"), /^\[Service\]\nEnvironment=A=1$/m);
    });

    it("is refused, before anything is written, beside a file that would undo it and keep the kubelet from starting", async () => {
      const folder = join(root, dropIn, "..");
      mkdirSync(folder, { recursive: true });
      const judged = async (file: string): Promise<string> => {
        writeFileSync(join(folder, file), "shutdownGracePeriod: 2m\n");
        const script = scripts.node.replace(/\nmain "\$@".*\n$/, "\none_order\n");
        const parameters = { SHUTDOWN: kubeletShutdown, NODE_NAME: "stone" };
        const { code, stderr } = await runScript(root, script, parameters);
        rmSync(join(folder, file));
        return code === 0 ? "" : stderr;
      };
      assert.equal(await judged("10-cli-config.conf"), "");
      assert.match(await judged("99-mine.conf"), /stone: .*99-mine\.conf has shutdownGracePeriod/);
      assert.ok(!existsSync(join(root, dropIn)));
    });

    it("is missed where the kubelet has not asked logind to wait", async () => {
      const said = async (listed: string): Promise<string> => {
        const tool = join(root, "usr/local/bin/systemd-inhibit");
        writeFileSync(tool, `#!/bin/sh\necho "${listed}"\n`, { mode: 0o755 });
        const script = scripts.node
          .replace(/\nmain "\$@".*\n$/, "\norder_is_kept\n")
          .replace("wait_until 20 inhibits", "wait_until 0 inhibits");
        const parameters = { SHUTDOWN: kubeletShutdown, NODE_NAME: "stone" };
        const { code, stderr } = await runScript(root, script, parameters);
        assert.equal(code, 0, stderr);
        return stderr;
      };
      assert.equal(await said("kubelet 0 root 812 kubelet shutdown ..."), "");
      assert.match(await said("NetworkManager 0 root 9 NetworkManager sleep ..."), /in no order/);
    });

    it("leaves a mask of somebody's own alone where there is no order", async () => {
      mkdirSync(join(root, masked, ".."), { recursive: true });
      symlinkSync("/dev/null", join(root, masked));
      await written("", "");
      assert.equal(readlinkSync(join(root, masked)), "/dev/null");
    });

    it("restarts RKE2 once where it is new or another, and nothing where there is none", async () => {
      const without = await written("", "");
      const ordered = await written(kubeletShutdown, "");
      assert.notEqual(ordered, without);
      assert.equal(await written(kubeletShutdown, ""), ordered);
      assert.notEqual(await written(kubeletShutdown, "[Service]"), ordered);
      assert.equal(await written("", ""), without);
      for (const file of [masked, dropIn, lease]) assert.ok(!existsSync(join(root, file)), file);
    });
  });
});

import assert from "node:assert/strict";
import { engineRuns, lockHolders, releaseStaleLock } from "../../scripts/repair/lock.ts";
import { forgetReleaseRecord, rollBackRelease } from "../../scripts/repair/release.ts";
import { removeObject } from "../../scripts/repair/object.ts";
import { settlePendingOperations } from "../../scripts/repair/pending.ts";
import { orphanedPlugins } from "../../scripts/repair/orphans.ts";
import { assertLoginLasts, unreachableApis } from "../../scripts/reachability.ts";
import { stringInput, withoutPending, type StateResource } from "../../scripts/state.ts";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority } from "../../lab/world/authority.ts";

describe("repair", () => {
  it("reads who holds a lock from the engine's message", () => {
    const message =
      "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the " +
      "lock file with `pulumi cancel`.\n  file:///state/lock.json: created by ada@rack (pid 4711) at 2026-01-02T03:04:05Z";
    assert.deepEqual(lockHolders(message), [{ user: "ada", host: "rack", pid: 4711 }]);
  });

  it("does not take another program with a dead engine's process id for an engine", () => {
    assert.equal(engineRuns(process.pid), false);
  });

  it("finds no orphaned plugin of a directory that runs none", () => {
    assert.deepEqual(orphanedPlugins("/nonexistent"), []);
  });

  it("unwraps secrets of an export", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47", plaintext: '"kube"' };
    const resource = { urn: "u", type: "t", inputs: { kubeconfig: secret, endpoint: "https://x" } };
    assert.equal(stringInput(resource, "kubeconfig"), "kube");
    assert.equal(stringInput(resource, "endpoint"), "https://x");
    assert.equal(stringInput(resource, "absent"), undefined);
  });

  it("takes pending operations out of a deployment and nothing else", () => {
    const deployment = { version: 3, deployment: { resources: [1], pending_operations: [2] } };
    assert.deepEqual(withoutPending(deployment as never), {
      version: 3,
      deployment: { resources: [1] },
    });
  });

  describe("of a lock", () => {
    const told = (host: string, pid: number): string =>
      `locked by 1 lock(s)\n  file:///l.json: created by root@${host} (pid ${pid}) at 2026-01-02T03:04:05Z`;
    const stack = (cancelled: string[]): Stack =>
      ({
        name: "home",
        cancel: () => {
          cancelled.push("home");
          return Promise.resolve();
        },
      }) as unknown as Stack;

    it("releases it when the engine that held it is dead, and says so", async () => {
      const cancelled: string[] = [];
      const said: string[] = [];
      // No process has an id beyond the kernel's largest.
      await releaseStaleLock(stack(cancelled), told(hostname(), 4_194_305), (text) =>
        said.push(text),
      );
      assert.deepEqual(cancelled, ["home"]);
      assert.match(said.join(), /lock of a run that died \(pid 4194305\)/);
    });

    it("respects a holder on another host, where it cannot be looked at", async () => {
      const cancelled: string[] = [];
      await assert.rejects(
        releaseStaleLock(stack(cancelled), told("elsewhere", 1), () => undefined),
        /being changed by root on elsewhere/,
      );
      assert.deepEqual(cancelled, []);
    });
  });

  describe("of releases and objects", () => {
    const release = { urn: "urn", type: "r", inputs: { name: "cilium", namespace: "kube-system" } };
    const cluster = (
      calls: string[],
      answers: Readonly<Record<string, string>>,
    ): ClusterCommand => {
      return (program, args) => {
        const call = [program, ...args].join(" ");
        calls.push(call);
        const [, stdout = ""] = Object.entries(answers).find(([key]) => call.includes(key)) ?? [];
        return Promise.resolve({ ok: true, stdout, stderr: "" });
      };
    };

    const object = (type: string, kind: string): StateResource => ({
      urn: `urn:pulumi:home::homelab::${type}::thing`,
      type,
      inputs: { apiVersion: "v1", kind, metadata: { name: "thing" } },
    });

    it("removes an object that only the killed run knew", async () => {
      const calls: string[] = [];
      const run = cluster(calls, { "get -f": "configmap/thing\n" });
      await removeObject(object("kubernetes:core/v1:ConfigMap", "ConfigMap"), run, () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
    });

    it("never removes a node whose labels a killed run was writing", async () => {
      const calls: string[] = [];
      const run = cluster(calls, { "get -f": "node/thing\n" });
      await removeObject(object("kubernetes:core/v1:NodePatch", "Node"), run, () => undefined);
      assert.deepEqual(calls, []);
    });

    it("removes a namespace that is empty, and refuses one that holds anything", async () => {
      const namespace = object("kubernetes:core/v1:Namespace", "Namespace");
      const calls: string[] = [];
      const empty = { "get -f": "namespace/thing\n", "get pods": "configmap/kube-root-ca.crt\n" };
      await removeObject(namespace, cluster(calls, empty), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
      const full = { ...empty, "get pods": "secret/photos\n" };
      await assert.rejects(
        removeObject(namespace, cluster([], full), () => undefined),
        /pulumi import/,
      );
    });

    it("removes only Helm's record of an install that the state does not know", async () => {
      const calls: string[] = [];
      const run = cluster(calls, { "get secret": "secret/sh.helm.release.v1.cilium.v1\n" });
      await forgetReleaseRecord(release, run, () => undefined);
      assert.deepEqual(calls.slice(1), [
        "kubectl delete secret -n kube-system -l owner=helm,name=cilium",
      ]);
    });

    it("rolls an upgrade that hangs back to the last good revision", async () => {
      const calls: string[] = [];
      const history = [
        { revision: 1, status: "superseded" },
        { revision: 2, status: "deployed" },
        { revision: 3, status: "pending-upgrade" },
      ];
      await rollBackRelease(
        release,
        cluster(calls, { history: JSON.stringify(history) }),
        () => undefined,
      );
      assert.equal(calls.at(-1), "helm rollback cilium 2 -n kube-system");
    });

    it("leaves a release alone that is well", async () => {
      const calls: string[] = [];
      const history = JSON.stringify([{ revision: 1, status: "deployed" }]);
      await rollBackRelease(release, cluster(calls, { history }), () => undefined);
      assert.equal(calls.length, 1);
    });
  });
});

describe("a preview against dead APIs", () => {
  it("names each that it could not look at", async () => {
    const kubeconfig = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "u", user: { token: "t" } }],
    });
    const resources = [
      {
        urn: "a",
        type: "pulumi:providers:proxmoxve",
        inputs: { endpoint: "https://127.0.0.1:1" },
      },
      { urn: "b", type: "pulumi:providers:kubernetes", inputs: { kubeconfig } },
    ];
    const stack = { exportStack: () => Promise.resolve({ version: 3, deployment: { resources } }) };
    const found = await unreachableApis(stack as unknown as Stack);
    assert.deepEqual(
      found.map(({ api }) => api),
      ["the Proxmox API at https://127.0.0.1:1", "the Kubernetes API"],
    );
    for (const { reason } of found) assert.match(reason, /refused|bad port/);
  });
});

describe("a kubeconfig that has ended", () => {
  let stack: Stack;

  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), "ended-"));
    const yesterday = new Date(Date.now() - 86_400_000);
    const { cert } = await (await openAuthority(directory)).issue(["admin"], yesterday);
    await rm(directory, { recursive: true });
    const data = Buffer.from(cert).toString("base64");
    const kubeconfig = `clusters: []\nusers:\n- user: {client-certificate-data: ${data}}\n`;
    const resources = [{ urn: "p", type: "pulumi:providers:kubernetes", inputs: { kubeconfig } }];
    const pending = [{ type: "creating", resource: { urn: "n", type: "kubernetes:core/v1:Pod" } }];
    const deployment = { resources, pending_operations: pending };
    const exported = () => Promise.resolve({ version: 3, deployment });
    stack = { name: "home", exportStack: exported } as unknown as Stack;
  });

  it("is refused before a refresh asks with it, with the way to a new one", async () => {
    await assert.rejects(assertLoginLasts(stack), /ended on .*1 days ago.*without --refresh/);
  });

  it("keeps a killed run's operations from being settled unseen", async () => {
    await assert.rejects(
      settlePendingOperations(stack, () => undefined),
      /ended on .*pulumi up --stack home renews it/,
    );
  });
});

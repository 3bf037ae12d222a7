import assert from "node:assert/strict";
import { engineRuns, lockHolders, releaseStaleLock } from "../../scripts/repair/lock.ts";
import { forgetReleaseRecord, rollBackRelease } from "../../scripts/repair/release.ts";
import { removeObject } from "../../scripts/repair/object.ts";
import { cutOffBegan } from "../../scripts/repair/began.ts";
import { settlePendingOperations } from "../../scripts/repair/pending.ts";
import { orphanedPlugins } from "../../scripts/repair/orphans.ts";
import { assertLoginLasts, unreachableApis } from "../../scripts/reachability.ts";
import { readState, stringInput, withoutPending, type StateResource } from "../../scripts/state.ts";
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

    const began = Date.parse("2026-01-02T03:00:00Z");
    /** What kubectl says of an object: metadata, then status where there is one. */
    const seen = (manager = "pulumi-kubernetes", at = "2026-01-02T03:04:05Z", status?: object) => ({
      "get -f": [
        JSON.stringify({
          name: "thing",
          creationTimestamp: at,
          managedFields: [
            { manager, operation: "Update" },
            { manager: "operator", operation: "Update", subresource: "status" },
          ],
        }),
        status === undefined ? "" : JSON.stringify(status),
      ].join("\n"),
    });

    it("removes an object that only the killed run knew", async () => {
      const calls: string[] = [];
      const map = object("kubernetes:core/v1:ConfigMap", "ConfigMap");
      await removeObject(map, began, cluster(calls, seen()), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
    });

    it("leaves alone what is older than the run, or what somebody else has made, and says so", async () => {
      const map = object("kubernetes:core/v1:ConfigMap", "ConfigMap");
      const calls: string[] = [];
      const said: string[] = [];
      for (const [answers, since] of [
        [seen("pulumi-kubernetes", "2026-01-01T00:00:00Z"), began],
        [seen("kubectl-create"), began],
        // Pulumi's own name for what it applies to an object that is there.
        [seen("pulumi-kubernetes-1b2c3d4e"), began],
        [seen(), Number.NaN],
      ] as const)
        await removeObject(map, since, cluster(calls, answers), (text) => said.push(text));
      assert.ok(calls.every((call) => !call.includes("delete")));
      assert.equal(said.length, 4);
      assert.match(said[0] ?? "", /ConfigMap thing is left alone: it was created at 2026-01-01/);
    });

    it("removes a claim that waits for its volume, and names what to do with one that has it", async () => {
      const claim: StateResource = {
        urn: "urn:pulumi:home::homelab::homelab:apps:App$kubernetes:core/v1:PersistentVolumeClaim::photos-claim",
        type: "kubernetes:core/v1:PersistentVolumeClaim",
        parent: "urn:pulumi:home::homelab::homelab:apps:App::photos",
        provider: "urn:pulumi:home::homelab::pulumi:providers:kubernetes::cluster::1b2c-3d4e",
        inputs: {
          ...{ apiVersion: "v1", kind: "PersistentVolumeClaim" },
          metadata: { name: "data", namespace: "photos" },
        },
      };
      const calls: string[] = [];
      const waiting = seen(undefined, undefined, { phase: "Pending" });
      await removeObject(claim, began, cluster(calls, waiting), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
      const has = seen(undefined, undefined, { phase: "Bound" });
      await assert.rejects(
        removeObject(claim, began, cluster([], has), () => undefined),
        {
          message: [
            "a run was cut off while it created PersistentVolumeClaim photos/data, which exists now and is not in the " +
              "state. It is not removed, because it is Bound. Take it into the state, or delete it if nothing is lost " +
              "with it:",
            "  pulumi import --stack home --protect=false --generate-code=false " +
              "--parent 'parent=urn:pulumi:home::homelab::homelab:apps:App::photos' " +
              "--provider 'provider=urn:pulumi:home::homelab::pulumi:providers:kubernetes::cluster' " +
              "kubernetes:core/v1:PersistentVolumeClaim photos-claim photos/data",
            "  kubectl delete PersistentVolumeClaim data -n photos",
          ].join("\n"),
        },
      );
    });

    it("removes a database only before its operator has begun with it", async () => {
      const database: StateResource = {
        ...object("kubernetes:postgresql.cnpg.io/v1:Cluster", "Cluster"),
        inputs: {
          ...{ apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster" },
          metadata: { name: "thing", namespace: "photos" },
        },
      };
      const calls: string[] = [];
      await removeObject(database, began, cluster(calls, seen()), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
      const begun = seen(undefined, undefined, { phase: "Setting up primary" });
      await assert.rejects(
        removeObject(database, began, cluster([], begun), () => undefined),
        /its operator has begun with it[^]*kubectl delete Cluster.v1.postgresql.cnpg.io thing -n photos/,
      );
    });

    it("removes a topic only before its operator has taken over its messages", async () => {
      const topic: StateResource = {
        ...object("kubernetes:kafka.strimzi.io/v1:KafkaTopic", "KafkaTopic"),
        inputs: {
          ...{ apiVersion: "kafka.strimzi.io/v1", kind: "KafkaTopic" },
          metadata: { name: "thing", namespace: "kafka" },
        },
      };
      const calls: string[] = [];
      await removeObject(topic, began, cluster(calls, seen()), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
      const ready = seen(undefined, undefined, { conditions: [{ type: "Ready", status: "True" }] });
      await assert.rejects(
        removeObject(topic, began, cluster([], ready), () => undefined),
        /its operator has begun with it[^]*kubectl delete KafkaTopic.v1.kafka.strimzi.io thing -n kafka/,
      );
    });

    it("removes a kind only while there is no object of it", async () => {
      const kind: StateResource = {
        ...object("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "-"),
        inputs: {
          ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
          metadata: { name: "things.example.com" },
        },
      };
      const calls: string[] = [];
      await removeObject(kind, began, cluster(calls, seen()), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
      const used = { ...seen(), "get thing -A": "thing.example.com/one\n" };
      await assert.rejects(
        removeObject(kind, began, cluster([], used), () => undefined),
        /there are objects of this kind/,
      );
    });

    it("never removes a node whose labels a killed run was writing", async () => {
      const calls: string[] = [];
      const node = object("kubernetes:core/v1:NodePatch", "Node");
      await removeObject(node, began, cluster(calls, seen()), () => undefined);
      assert.deepEqual(calls, []);
    });

    it("removes a namespace that is empty, and refuses one that holds anything", async () => {
      const namespace = object("kubernetes:core/v1:Namespace", "Namespace");
      const calls: string[] = [];
      const empty = { ...seen(), "get pods": "configmap/kube-root-ca.crt\n" };
      await removeObject(namespace, began, cluster(calls, empty), () => undefined);
      assert.match(calls.at(-1) ?? "", /delete -f/);
      const full = { ...empty, "get pods": "secret/photos\n" };
      await assert.rejects(
        removeObject(namespace, began, cluster([], full), () => undefined),
        /pulumi import/,
      );
    });

    it("removes only Helm's record of an install that the state does not know", async () => {
      const calls: string[] = [];
      const run = cluster(calls, { "get secret": "2026-01-02T03:04:05Z\n" });
      await forgetReleaseRecord(release, began, run, () => undefined);
      assert.deepEqual(calls.slice(1), [
        "kubectl delete secret -n kube-system -l owner=helm,name=cilium",
      ]);
    });

    it("leaves the record of a release alone that is older than the run", async () => {
      const calls: string[] = [];
      const dates = "2026-01-01T00:00:00Z\n2026-01-02T03:04:05Z\n";
      await forgetReleaseRecord(
        release,
        began,
        cluster(calls, { "get secret": dates }),
        () => undefined,
      );
      assert.equal(calls.length, 1);
    });

    it("ends an install that the state knows and Helm calls pending", async () => {
      const calls: string[] = [];
      const history = [{ revision: 1, status: "pending-install" }];
      await rollBackRelease(
        release,
        cluster(calls, { history: JSON.stringify(history) }),
        () => undefined,
      );
      assert.equal(calls.at(-1), "helm rollback cilium 1 -n kube-system");
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

    it("goes on where a release that was changed is gone, and on no other error", async () => {
      const answer = (stderr: string): ClusterCommand => {
        return () => Promise.resolve({ ok: false, stdout: "", stderr });
      };
      await rollBackRelease(release, answer("Error: release: not found"), () => undefined);
      await assert.rejects(
        rollBackRelease(release, answer("Error: Kubernetes cluster unreachable"), () => undefined),
        /release kube-system\/cilium: Error: Kubernetes cluster unreachable/,
      );
    });

    it("leaves a release alone that is well", async () => {
      const calls: string[] = [];
      const history = JSON.stringify([{ revision: 1, status: "deployed" }]);
      await rollBackRelease(release, cluster(calls, { history }), () => undefined);
      assert.equal(calls.length, 1);
    });
  });
});

describe("what a killed run left", () => {
  const service: StateResource = {
    urn: "urn:pulumi:home::homelab::homelab:apps:App$kubernetes:core/v1:Service::seerr-service",
    type: "kubernetes:core/v1:Service",
    inputs: { apiVersion: "v1", kind: "Service", metadata: { name: "seerr", namespace: "seerr" } },
  };
  const release: StateResource = {
    urn: "urn:pulumi:home::homelab::kubernetes:helm.sh/v3:Release::cilium",
    type: "kubernetes:helm.sh/v3:Release",
    inputs: { name: "cilium", namespace: "kube-system" },
  };
  const made = JSON.stringify({
    ...{ name: "seerr", creationTimestamp: "2026-03-01T10:00:05Z" },
    managedFields: [{ manager: "pulumi-kubernetes", operation: "Update" }],
  });

  /** Runs that have an entry in the stack's history, the latest first. */
  type Runs = readonly { kind: string; result: string; startTime: Date; endTime?: Date }[];

  /** Settles the pending creations of a stack that began in January; gives what was asked of its cluster. */
  async function settle(
    pending: readonly StateResource[],
    resources: readonly StateResource[],
    runs: Runs = [],
  ) {
    const calls: string[] = [];
    let left: unknown;
    const cluster: ClusterCommand = (program, args) => {
      const call = [program, ...args].join(" ");
      calls.push(call);
      if (call.includes("get -f")) return Promise.resolve({ ok: true, stdout: made, stderr: "" });
      const stdout = call.includes("get secret")
        ? "2026-03-01T10:00:05Z\n"
        : JSON.stringify([{ revision: 1, status: "deployed" }]);
      return Promise.resolve({ ok: true, stdout, stderr: "" });
    };
    const deployment = {
      resources: [
        { urn: "s", type: "pulumi:pulumi:Stack", created: "2026-01-01T10:00:00Z" },
        { urn: "p", type: "pulumi:providers:kubernetes", inputs: { kubeconfig: "users: []" } },
        ...resources,
      ],
      pending_operations: pending.map((resource) => ({ type: "creating", resource })),
    };
    const stack = {
      name: "home",
      history: () => Promise.resolve(runs),
      exportStack: () => Promise.resolve({ version: 3, deployment }),
      importStack: (deployed: { deployment: object }) => {
        left = deployed.deployment;
        return Promise.resolve();
      },
    } as unknown as Stack;
    await settlePendingOperations(
      stack,
      () => undefined,
      (_, action) => action(cluster),
    );
    assert.deepEqual(left, { resources: deployment.resources });
    return calls;
  }

  it("is removed where the state does not know it, and is pending no more", async () => {
    const calls = await settle([service, release], []);
    assert.match(calls[1] ?? "", /kubectl delete -f/);
    assert.match(calls[3] ?? "", /kubectl delete secret -n kube-system/);
    const replaced = { ...service, id: "seerr/seerr", pendingReplacement: true };
    assert.match((await settle([service], [replaced])).at(-1) ?? "", /kubectl delete -f/);
  });

  it("stays where a later run or an import has taken it into the state, by whatever URN", async () => {
    for (const [resource, id] of [
      [service, "seerr/seerr"],
      [release, "kube-system/cilium"],
    ] as const)
      for (const urn of [resource.urn, "renamed"]) {
        const calls = await settle([resource], [{ ...resource, urn, id }]);
        assert.ok(
          calls.every((call) => !call.includes("delete")),
          calls.join("\n"),
        );
      }
  });

  it("stays where it was there before the last run that ended", async () => {
    const run = (startTime: Date, endTime: Date) => ({
      ...{ kind: "update", result: "succeeded", startTime, endTime },
    });
    const before = run(new Date("2026-03-01T09:00:00Z"), new Date("2026-03-01T10:00:00Z"));
    assert.match((await settle([service], [], [before])).at(-1) ?? "", /kubectl delete -f/);
    const after = run(new Date("2026-03-01T11:00:00Z"), new Date("2026-03-01T12:00:00Z"));
    const calls = await settle([service, release], [], [after, before]);
    assert.ok(calls.every((call) => !call.includes("delete")));
  });

  it("stays where the state has it without a namespace or by another version of its kind", async () => {
    const type = "kubernetes:example.com/v1:Thing";
    const thing = { urn: "u", type, inputs: { apiVersion: "example.com/v1", kind: "Thing" } };
    const named = { ...thing, inputs: { ...thing.inputs, metadata: { name: "seerr" } } };
    const earlier = "kubernetes:example.com/v1beta1:Thing";
    for (const known of [
      { ...named, id: "default/seerr" },
      { ...named, id: "seerr", type: earlier },
    ])
      assert.deepEqual(await settle([named], [known]), []);
    assert.equal((await settle([named], [{ ...named, id: "other/seerr" }])).length, 2);
  });
});

describe("the beginning of a run that was cut off", () => {
  const at = (time: string): Date => new Date(`2026-03-01T${time}:00Z`);
  const run = (kind: string, result: string, from: string, to?: string) => ({
    ...{ kind, result, startTime: at(from) },
    ...(to === undefined ? {} : { endTime: at(to) }),
  });
  const root = { urn: "s", type: "pulumi:pulumi:Stack", created: "2026-01-01T10:00:00Z" };
  const began = async (runs: readonly object[], resources = [root]): Promise<string> => {
    const stack = { history: () => Promise.resolve(runs) } as unknown as Pick<Stack, "history">;
    const since = await cutOffBegan(stack, { resources });
    return Number.isNaN(since) ? "unknown" : new Date(since).toISOString().slice(0, 16);
  };

  it("comes after the last run that succeeded, whatever was looked at since", async () => {
    const up = run("update", "succeeded", "10:00", "10:30");
    assert.equal(
      await began([run("refresh", "succeeded", "11:00", "11:01"), up]),
      "2026-03-01T10:25",
    );
    assert.equal(
      await began([run("resource-import", "succeeded", "11:00", "11:01"), up]),
      "2026-03-01T10:25",
    );
  });

  it("may be that of a run that was ended, or that has no end yet", async () => {
    const up = run("update", "succeeded", "09:00", "09:30");
    assert.equal(await began([run("destroy", "failed", "10:00", "10:30"), up]), "2026-03-01T09:55");
    assert.equal(await began([run("update", "in-progress", "10:00"), up]), "2026-03-01T09:55");
  });

  it("is not before that of the stack, and unknown before there is one", async () => {
    assert.equal(await began([]), "2026-01-01T09:55");
    assert.equal(await began([], []), "unknown");
    assert.equal(await began([run("update", "failed", "10:00", "10:30")], []), "unknown");
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
    const found = await unreachableApis(await readState(stack));
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

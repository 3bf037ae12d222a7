import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownClaims } from "../../../components/storage/known.ts";
import { laxest, levelOf } from "../../../components/workload/exceptions.ts";
import { balancerService, filesMark } from "../../../components/workload/stateful/objects.ts";
import type { StatefulPlan } from "../../../components/workload/stateful/plan.ts";
import { podLevel, statefulDeployment } from "../../../components/workload/stateful/pods.ts";
import { scriptText } from "../../../components/remote/shell.ts";
import { at } from "./at.ts";

const plan: StatefulPlan = {
  ...{ app: "wiki", namespace: "notes", user: { uid: 1000, gid: 100 } },
  container: {
    image: "ghcr.io/example/wiki:1.2.3",
    ports: [{ name: "http", port: 8080 }],
    probe: { path: "/ping" },
    mounts: [{ volume: "wiki-config", folder: "/config" }],
    ...{ cpu: "10m", memory: { request: "64Mi", limit: "256Mi" } },
  },
  claims: ["wiki-config"],
};

const pod = (changes: Partial<StatefulPlan> = {}) =>
  at(statefulDeployment({ ...plan, ...changes }), "spec.template.spec");

const vpn = {
  ...{ name: "vpn", image: "ghcr.io/qdm12/gluetun:v3.41.1", cpu: "10m" },
  memory: { request: "64Mi", limit: "128Mi" },
  probe: { command: ["/healthcheck"] },
  exceptions: {
    root: "it makes routes",
    capabilities: { add: ["NET_ADMIN"], why: "routes are the network's" },
  },
} as const;

describe("the pod of an application that keeps data", () => {
  it("is one, and the old one ends before the new one starts: a volume is on one node at a time", () => {
    const { spec } = statefulDeployment(plan);
    assert.equal(spec.replicas, 1);
    assert.deepEqual(spec.strategy, { type: "Recreate" });
  });

  it("fits the profile restricted, as the user whose files are on its volumes", () => {
    assert.equal(podLevel(plan), "restricted");
    assert.deepEqual(at(pod(), "securityContext"), {
      ...{ runAsNonRoot: true, runAsUser: 1000, runAsGroup: 100, fsGroup: 100 },
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    });
    assert.deepEqual(at(pod(), "containers[0].securityContext"), {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    });
  });

  it("mounts its claims, and /tmp of its own", () => {
    assert.deepEqual(at(pod(), "containers[0].volumeMounts"), [
      { name: "tmp", mountPath: "/tmp" },
      { name: "wiki-config", mountPath: "/config" },
    ]);
    const volumes = at(pod(), "volumes") as readonly unknown[];
    assert.deepEqual(volumes.slice(1), [
      { name: "wiki-config", persistentVolumeClaim: { claimName: "wiki-config" } },
    ]);
  });

  it("starts containers beside it first, and says aloud what they do beyond the profile", () => {
    const changed = { beside: [vpn], nameservers: ["127.0.0.1"] };
    assert.equal(at(pod(changed), "initContainers[0].restartPolicy"), "Always");
    assert.deepEqual(at(pod(changed), "dnsConfig"), { nameservers: ["127.0.0.1"] });
    assert.equal(at(pod(changed), "initContainers[0].securityContext.runAsUser"), 0);
    assert.deepEqual(at(pod(changed), "containers[0].securityContext.capabilities"), {
      drop: ["ALL"],
    });
    assert.deepEqual(statefulDeployment({ ...plan, ...changed }).metadata.annotations, {
      "homelab/exceptions.vpn":
        "root: it makes routes\ncapabilities: NET_ADMIN: routes are the network's",
    });
    assert.equal(podLevel({ ...plan, ...changed }), "privileged");
  });

  it("asks for no more of its namespace than it needs", () => {
    assert.equal(levelOf({ writableRoot: "it writes there" }), "restricted");
    assert.equal(levelOf({ root: "s6 wants it" }), "baseline");
    assert.equal(levelOf({ capabilities: { add: ["CHOWN"], why: "owners" } }), "baseline");
    assert.equal(laxest([]), "restricted");
    assert.equal(laxest(["restricted", "baseline"]), "baseline");
    assert.equal(podLevel({ ...plan, onHost: "it listens on the LAN" }), "privileged");
  });

  it("is made anew when the program's files change, and not for their order", () => {
    assert.equal(filesMark({ a: "1", b: "2" }), filesMark({ b: "2", a: "1" }));
    assert.notEqual(filesMark({ a: "1" }), filesMark({ a: "2" }));
    const files = { from: "wiki-files", folder: "/config/site", mark: "abc" };
    const changed = statefulDeployment({ ...plan, files });
    assert.deepEqual(at(changed, "spec.template.metadata.annotations"), { "homelab/files": "abc" });
  });

  it("is reached past the gateways by the node that it is on, which keeps the caller's address", () => {
    const service = balancerService(
      { app: "wiki", namespace: "notes" },
      { address: "10.96.0.20", ports: [{ name: "http", port: 8080 }] },
    );
    assert.equal(service.spec.externalTrafficPolicy, "Local");
    assert.equal(service.metadata.annotations["lbipam.cilium.io/ips"], "10.96.0.20");
    assert.deepEqual(service.spec.ports, [
      { name: "http", port: 8080, targetPort: "http", protocol: "TCP" },
    ]);
  });
});

describe("files that a volume gets before the first start", () => {
  const script = scriptText(
    new URL("../../../components/workload/stateful/pods.ts", import.meta.url).href,
    "seed.sh",
  );

  it("are written where they are missing, and never over what people have made of them", () => {
    const home = mkdtempSync(join(tmpdir(), "seed-"));
    try {
      const [from, to] = [join(home, "seed"), join(home, "config")];
      for (const folder of [from, to]) mkdirSync(folder);
      writeFileSync(join(from, "configuration.yaml"), "the program's\n");
      writeFileSync(join(from, "scenes.yaml"), "[]\n");
      writeFileSync(join(to, "configuration.yaml"), "people's\n");
      const seed = () => execFileSync("/bin/sh", ["-c", script, "seed", from, to]);
      seed();
      seed();
      assert.deepEqual(readdirSync(to).sort(), ["configuration.yaml", "scenes.yaml"]);
      assert.equal(readFileSync(join(to, "configuration.yaml"), "utf8"), "people's\n");
      assert.equal(readFileSync(join(to, "scenes.yaml"), "utf8"), "[]\n");
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it("come from the application's image, into the volume that they are for", () => {
    const changed = pod({ seed: { from: "wiki-seed", volume: "wiki-config" } });
    assert.equal(at(changed, "initContainers[0].image"), plan.container.image);
    assert.deepEqual(at(changed, "initContainers[0].volumeMounts"), [
      { name: "seed", mountPath: "/seed", readOnly: true },
      { name: "wiki-config", mountPath: "/config" },
    ]);
    assert.throws(() => pod({ seed: { from: "wiki-seed", volume: "other" } }), /no volume other/);
  });
});

describe("claims that a state has", () => {
  const claim = (spec: object, annotations?: object) => ({
    type: "kubernetes:core/v1:PersistentVolumeClaim",
    outputs: { metadata: { namespace: "wiki", name: "wiki-config", annotations }, spec },
  });

  it("are those that say whose data they hold", () => {
    const spec = {
      accessModes: ["ReadWriteMany"],
      storageClassName: "ceph-filesystem",
      resources: { requests: { storage: "2Ti" } },
    };
    const data = "apps/wiki/config";
    assert.deepEqual(knownClaims([claim(spec), claim(spec, { "homelab/data": data })]), [
      {
        ...{ namespace: "wiki", name: "wiki-config", data, class: "ceph-filesystem" },
        ...{ sizeGiB: 2048, shared: true },
      },
    ]);
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { settleLost } from "../../../scripts/repair/lost.ts";
import { removeObject } from "../../../scripts/repair/object.ts";
import {
  clusterRemedy,
  cutOff,
  lostAnswers,
  silentWebhook,
} from "../../../scripts/retry/cluster.ts";
import { FailureLog, type Failure } from "../../../scripts/retry/failures.ts";
import { withRetry } from "../../../scripts/retry/retry.ts";
import type { StateResource } from "../../../scripts/state.ts";
import { withCluster } from "../../../stacks/doctor/cluster.ts";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { ApiServer } from "../components/api-server.ts";

const service = "kubernetes:core/v1:Service";
const release = "kubernetes:helm.sh/v3:Release";

const resourceOf = (type: string, name: string, inputs: object): StateResource => ({
  urn: `urn:pulumi:home::homelab::homelab:apps:App$${type}::${name}`,
  type,
  inputs: inputs as Readonly<Record<string, unknown>>,
});

const seerr = resourceOf(service, "seerr-service", {
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { name: "seerr", namespace: "seerr" },
});
const plugin = resourceOf(release, "plugin-barman-cloud", {
  ...{ name: "plugin-barman-cloud", namespace: "cnpg-system" },
});

const failureOf = (resource: StateResource, op: string, text: string): Failure => {
  const { urn, type } = resource;
  return { urn, type, name: urn.split("::").at(-1) ?? "", op, resource, text };
};

const api = "https://192.168.1.20:6443";
const post = `Post "${api}/api/v1/namespaces/seerr/services?fieldManager=pulumi-kubernetes": `;
const notCreated = `resource "${seerr.urn}" was not successfully created by the Kubernetes API server: `;
const reset = `${notCreated}${post}read tcp 192.168.1.2:47444->192.168.1.20:6443: read: connection reset by peer`;
const closed =
  'unable to build kubernetes objects from release manifest: error validating "": error validating data: failed to download ' +
  `openapi: Get "${api}/openapi/v2?timeout=32s": http2: client connection force closed via ClientConn.Close`;
const exists =
  `${notCreated}services "seerr" already exists\n\n` +
  "The resource already exists in the cluster. This can happen when:\n\n" +
  "  - Renaming a Pulumi resource: use an alias to preserve the identity,\n";

describe("a request to the cluster that was cut off", () => {
  const cause = (text: string, type = service): string | undefined =>
    cutOff({ type, name: "x", text });

  it("is known by how its connection ended", () => {
    assert.equal(cause(reset), "connection reset by peer");
    assert.equal(
      cause(closed, release),
      "http2: client connection force closed via ClientConn.Close",
    );
    for (const end of [
      "EOF",
      "unexpected EOF",
      "write tcp 192.168.1.2:47444->192.168.1.20:6443: write: broken pipe",
      "dial tcp 192.168.1.20:6443: connect: connection refused",
      "dial tcp 192.168.1.20:6443: connect: connection timed out",
      "dial tcp 192.168.1.20:6443: connect: no route to host",
      "dial tcp 192.168.1.20:6443: i/o timeout",
      "net/http: TLS handshake timeout",
      "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
      "http: server closed idle connection",
      "http2: client connection lost",
      'http2: server sent GOAWAY and closed the connection; LastStreamID=1999, ErrCode=NO_ERROR, debug=""',
      "http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY] after " +
        "Request.Body was written; define Request.GetBody to avoid this error",
    ]) {
      assert.ok(cause(notCreated + post + end), end);
    }
  });

  it("is known by what the server says of itself and of etcd", () => {
    for (const said of [
      "the server is currently unable to handle the request (post services)",
      "the server was unable to return a response in the time allotted, but may still be processing the request (post services)",
      "The POST operation against services could not be completed at this time, please try again.",
      "apiserver is shutting down",
      "The apiserver is shutting down, please try again later.",
      "etcdserver: request timed out",
      "etcdserver: request timed out, possibly due to previous leader failure",
      "etcdserver: leader changed",
      "rpc error: code = Unavailable desc = etcdserver: no leader",
      "unexpected error when reading response body. Please retry. Original error: unexpected EOF",
    ]) {
      assert.ok(cause(notCreated + said), said);
    }
    const reason = `unable to load schema information from the API server: Get "${api}/openapi/v2?timeout=32s": EOF`;
    for (const blind of [
      `configured Kubernetes cluster is unreachable: ${reason}`,
      "configured Kubernetes cluster is unreachable. If the cluster was deleted, you can remove this resource",
      `can't delete Helm Release with unreachable cluster. Reason: ${JSON.stringify(reason)}`,
    ]) {
      assert.ok(cause(blind), blind);
    }
  });

  it("is none that the API refused, that a webhook refused, or that did not become ready", () => {
    for (const said of [
      'services "seerr" is forbidden: User "ada" cannot create resource "services"',
      'Service "seerr" is invalid: spec.ports: Required value',
      'namespaces "seerr" not found',
      'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post ' +
        '"https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": dial tcp 10.43.0.9:443: connect: connection refused',
      'conversion webhook for example.com/v1, Kind=Thing failed: Post "https://w.x.svc:443/apis?timeout=30s": EOF',
      "'seerr' timed out waiting to be Ready",
      "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has " +
        "asked for the client to provide credentials",
      "Helm release failed to become available within allocated timeout. Error: Helm Release seerr/seerr: context deadline exceeded",
      "client rate limiter Wait returned an error: context deadline exceeded",
      'Get "https://charts.example.com/index.yaml": EOF',
      exists,
    ]) {
      assert.equal(cause(notCreated + said), undefined, said);
    }
    assert.equal(cause(reset, "command:remote:Command"), undefined);
  });
});

describe("a webhook that nobody answers for", () => {
  const called = 'Internal error occurred: failed calling webhook "webhook.cert-manager.io": ';
  const posted = `${called}failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": `;
  const away = [
    "dial tcp 10.43.0.9:443: connect: connection refused",
    'no endpoints available for service "cert-manager-webhook"',
    "context deadline exceeded",
    "proxy error from 127.0.0.1:9345 while dialing 10.42.0.9:10250, code 502: 502 Bad Gateway",
  ];
  const remedy = clusterRemedy(lostAnswers(), () => Promise.resolve());

  it("is waited for by another run, for nothing was done", () => {
    for (const why of away) {
      const failure = failureOf(seerr, "create", notCreated + posted + why);
      assert.equal(silentWebhook(failure), "webhook.cert-manager.io", why);
      const cure = remedy(failure);
      assert.equal(cure?.kind, "again", why);
      assert.match(cure.why, /nobody answered for the webhook webhook\.cert-manager\.io/);
    }
  });

  it("is none that answers, that is not there, or whose certificate is not trusted", () => {
    for (const said of [
      'admission webhook "webhook.cert-manager.io" denied the request: spec.dnsNames: connection refused',
      `${posted}service "cert-manager-webhook" not found`,
      `${posted}tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    ])
      assert.equal(remedy(failureOf(seerr, "create", notCreated + said)), undefined, said);
  });
});

describe("up, when requests to the cluster were cut off", () => {
  const began = Date.parse("2026-01-02T03:04:00Z");
  const remedy = () => clusterRemedy(lostAnswers(), () => Promise.resolve());

  /** A cluster whose API does not answer `silent` times; records what was asked of it. */
  function world(silent: number, answers: Readonly<Record<string, string>> = {}) {
    const calls: string[] = [];
    const said: string[] = [];
    let clock = 0;
    const cluster: ClusterCommand = (program, args, stdin = "") => {
      const call = [program, ...args, stdin].join(" ");
      calls.push(call);
      if (call.includes("/readyz") && (silent -= 1) >= 0)
        return Promise.resolve({ ok: false, stdout: "", stderr: "connection refused" });
      const [, stdout = ""] = Object.entries(answers).find(([key]) => call.includes(key)) ?? [];
      return Promise.resolve({ ok: true, stdout, stderr: "" });
    };
    const deps = {
      cluster: <T>(_: string, action: (run: ClusterCommand) => Promise<T>) => action(cluster),
      pause: (milliseconds: number) => Promise.resolve((clock += milliseconds)),
      now: () => clock,
    };
    const settle = (
      lost: readonly Failure[],
      resources: readonly object[] = [],
      later: Deployed = { resources },
    ) => {
      const states: readonly Deployed[] = [{ resources }, later];
      return settleLost(stackOf(states), lost, began, (text) => said.push(text), deps);
    };
    return { calls, said, settle, waited: () => clock / 1000 };
  }

  interface Deployed {
    readonly resources: readonly object[];
    readonly pending_operations?: readonly object[];
  }

  /** A stack whose state is the first one, then the next, and so on. */
  function stackOf([first, ...later]: readonly Deployed[]) {
    const kubernetes = { type: "pulumi:providers:kubernetes", inputs: { kubeconfig: "k" } };
    let now = first;
    return {
      exportStack: () => {
        const deployment = { ...now, resources: [kubernetes, ...(now?.resources ?? [])] };
        now = later.shift() ?? now;
        return Promise.resolve({ version: 3, deployment });
      },
    };
  }

  const made = JSON.stringify({
    ...{ name: "seerr", creationTimestamp: "2026-01-02T03:04:05Z" },
    managedFields: [{ manager: "pulumi-kubernetes", operation: "Update" }],
  });

  it("waits until the API answers, and removes what was created without the state knowing", async () => {
    const { calls, said, settle, waited } = world(3, { "get -f": made });
    await settle([failureOf(seerr, "create", reset)]);
    assert.equal(waited(), 6);
    assert.match(said[0] ?? "", /does not answer \(connection refused\); waiting up to 180 s/);
    assert.match(said[1] ?? "", /removing Service seerr\/seerr, created by a run that was cut off/);
    assert.match(calls.at(-1) ?? "", /delete -f .*"name":"seerr","namespace":"seerr"/);
  });

  it("asks nothing when nothing was cut off", async () => {
    const { calls, settle } = world(0);
    await settle([]);
    assert.deepEqual(calls, []);
  });

  it("names what may be there when the API does not come back in its time", async () => {
    const { calls, settle, waited } = world(1000);
    await assert.rejects(
      settle([failureOf(seerr, "create", reset)]),
      /does not answer: connection refused\n[^]*  kubectl get Service seerr -n seerr$/,
    );
    assert.ok(waited() < 200);
    assert.ok(calls.every((call) => call.includes("/readyz")));
  });

  it("touches no object that the state knows, by whatever URN", async () => {
    const { calls, settle } = world(0, { "get -f": made });
    const lost = [failureOf(seerr, "create", reset), failureOf(seerr, "update", reset)];
    await settle(lost, [{ urn: seerr.urn, type: service, id: "seerr/seerr" }]);
    await settle(lost, [{ urn: "another", type: service, id: "seerr/seerr" }]);
    await settle([failureOf(seerr, "delete", reset)]);
    assert.ok(calls.every((call) => call.includes("/readyz")));
  });

  it("touches nothing that another run has made, or may be making, while the API was waited for", async () => {
    const lost = [failureOf(seerr, "create", reset)];
    const ended = world(3, { "get -f": made });
    await ended.settle(lost, [], { resources: [{ ...seerr, id: "seerr/seerr" }] });
    assert.ok(ended.calls.every((call) => call.includes("/readyz")));
    const running = world(3, { "get -f": made });
    const pending_operations = [{ type: "creating", resource: seerr }];
    await assert.rejects(
      running.settle(lost, [], { resources: [], pending_operations }),
      /another run changes this stack: .* wait until it has ended, then run this again/,
    );
    assert.ok(running.calls.every((call) => call.includes("/readyz")));
  });

  it("touches no release that the state knows by another URN", async () => {
    const { calls, settle } = world(0, { "get secret": "2026-01-02T03:04:05Z\n" });
    const id = "cnpg-system/plugin-barman-cloud";
    await settle([failureOf(plugin, "create", closed)], [{ ...plugin, urn: "another", id }]);
    assert.ok(calls.every((call) => call.includes("/readyz")));
  });

  it("removes what a replacement made under a new name, whose URN the state knows", async () => {
    const { calls, settle } = world(0, { "get -f": made });
    const old = { urn: seerr.urn, type: service, id: "seerr/seerr-1b2c" };
    await settle([failureOf(seerr, "create-replacement", reset)], [old]);
    assert.match(calls.at(-1) ?? "", /delete -f .*"name":"seerr"/);
  });

  it("settles everything else before it throws what is left to the person", async () => {
    const bound = `${made}\n${JSON.stringify({ phase: "Bound" })}`;
    const claim = resourceOf("kubernetes:core/v1:PersistentVolumeClaim", "data", {
      ...{ apiVersion: "v1", kind: "PersistentVolumeClaim" },
      metadata: { name: "data", namespace: "seerr" },
    });
    const { calls, settle } = world(0, { '"kind":"PersistentVolumeClaim"': bound, "get -f": made });
    await assert.rejects(
      settle([failureOf(claim, "create", reset), failureOf(seerr, "create", reset)]),
      /PersistentVolumeClaim seerr\/data, which exists now/,
    );
    assert.match(calls.at(-1) ?? "", /delete -f .*"kind":"Service"/);
  });

  it("forgets the record of an install that the state does not know, and ends one that it does", async () => {
    const unknown = world(0, { "get secret": "2026-01-02T03:04:05Z\n" });
    await unknown.settle([failureOf(plugin, "create", closed)]);
    assert.match(unknown.calls.at(-1) ?? "", /delete secret -n cnpg-system -l owner=helm/);
    const history = JSON.stringify([{ revision: 1, status: "pending-install" }]);
    const known = world(0, { history });
    const id = "cnpg-system/plugin-barman-cloud";
    await known.settle([failureOf(plugin, "create", closed)], [{ ...plugin, id }]);
    assert.match(known.calls.at(-1) ?? "", /helm rollback plugin-barman-cloud 1 -n cnpg-system/);
  });

  it("runs again, and takes what was carried out late for its own", () => {
    const cure = remedy();
    assert.equal(cure(failureOf(seerr, "create", reset))?.kind, "again");
    assert.equal(cure(failureOf(seerr, "create", exists))?.kind, "again");
  });

  it("tells a person what to do about what exists already for a reason that it does not know", () => {
    const cure = remedy()(failureOf(seerr, "create", exists));
    assert.ok(cure?.kind === "advice");
    assert.match(
      cure.text,
      /kubectl get Service seerr -n seerr -o yaml --show-managed-fields\n[^]*kubectl delete Service seerr -n seerr\n  pulumi import --stack home .*seerr-service seerr\/seerr$/,
    );
    const again = remedy()(
      failureOf(plugin, "create", "cannot re-use a name that is still in use"),
    );
    assert.ok(again?.kind === "advice");
    assert.match(
      again.text,
      /kubectl delete secret -n cnpg-system -l owner=helm,name=plugin-barman-cloud$/,
    );
  });

  it("says once of what was cut off that it was carried out late, then what a person can do", async () => {
    const lost = lostAnswers();
    const said: string[] = [];
    const settled: string[] = [];
    const texts = [reset, exists, exists, exists];
    let runs = 0;
    const result = withRetry(
      (onEvent) => {
        events(failureOf(seerr, "create", texts[runs] ?? "")).forEach((one) => onEvent(one));
        runs += 1;
        return Promise.reject(new Error(`run ${runs} failed`));
      },
      [clusterRemedy(lost, () => Promise.resolve())],
      (text) => said.push(text),
      {
        settle: (failures) => {
          settled.push(...failures.map((failure) => lost(failure) ?? "known"));
          return Promise.resolve();
        },
        pause: () => Promise.resolve(),
      },
    );
    await assert.rejects(result, /run 3 failed/);
    assert.deepEqual(settled, ["connection reset by peer", "carried out late", "known"]);
    assert.match(said.at(-1) ?? "", /is in the cluster and not in this stack's state/);
  });

  it("looks again for a release whose removal was answered to nobody", async () => {
    const looked: string[] = [];
    const cure = clusterRemedy(lostAnswers(), (urn) => Promise.resolve(void looked.push(urn)))(
      failureOf(
        plugin,
        "delete",
        "uninstall: Release not loaded: plugin-barman-cloud: release: not found",
      ),
    );
    assert.ok(cure?.kind === "again");
    await cure.before?.();
    assert.deepEqual(looked, [plugin.urn]);
  });

  /** The engine's events for one failed resource. */
  const events = ({ urn, resource, op, text }: Failure) =>
    [
      { diagnosticEvent: { urn, prefix: "error: ", message: text, severity: "error" } },
      { resOpFailedEvent: { metadata: { op, urn, new: resource, old: null } } },
    ] as unknown as readonly EngineEvent[];

  it("settles even where another failure ends the run", async () => {
    const other = failureOf(
      seerr,
      "create",
      'Service "seerr" is invalid: spec.ports: Required value',
    );
    const settled: (readonly Failure[])[] = [];
    let runs = 0;
    const result = withRetry(
      (onEvent) => {
        runs += 1;
        [failureOf(plugin, "create", closed), other].flatMap(events).forEach((one) => onEvent(one));
        return Promise.reject(new Error("run failed"));
      },
      [remedy()],
      () => undefined,
      { settle: (failures) => Promise.resolve(void settled.push(failures)) },
    );
    await assert.rejects(result, /run failed/);
    assert.equal(runs, 1);
    assert.deepEqual(
      settled.flat().map(({ name }) => name),
      ["plugin-barman-cloud", "seerr-service"],
    );
  });

  it("knows from the engine's events what should have been made", () => {
    const log = new FailureLog();
    events(failureOf(seerr, "create", reset)).forEach(log.listen);
    assert.deepEqual(log.failures[0]?.resource, seerr);
  });
});

describe("a call of kubectl that hangs", () => {
  it("is ended, and says so where kubectl said nothing", async () => {
    const directory = await mkdtemp(join(tmpdir(), "hangs-"));
    const path = process.env["PATH"];
    try {
      await writeFile(join(directory, "kubectl"), "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
      process.env["PATH"] = [directory, path].join(delimiter);
      const answer = await withCluster("k", (cluster) => cluster("kubectl", ["get", "x"]), 100);
      assert.deepEqual(answer, {
        ok: false,
        stdout: "",
        stderr: "kubectl did not end in its time",
      });
    } finally {
      process.env["PATH"] = path;
      await rm(directory, { recursive: true });
    }
  });
});

/** What kubectl prints of an object, and who it says has made it, only a real API shows. */
describe("an object that a lost creation left, at a real API", function () {
  this.timeout(300_000);
  const server = new ApiServer();
  before(() => server.start());
  after(() => server.stop());

  const claim = {
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim" },
    metadata: { name: "data", namespace: "default" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const map = {
    ...{ apiVersion: "v1", kind: "ConfigMap" },
    metadata: { name: "made", namespace: "default" },
    data: { text: "two\nlines" },
  };

  async function create(object: object, manager: string): Promise<void> {
    const args = ["create", `--field-manager=${manager}`, "-f", "-"];
    const { code, output } = await server.run("kubectl", args, JSON.stringify(object));
    assert.equal(code, 0, output);
  }
  const settle = (object: object, said: string[], since = Date.now() - 300_000) =>
    withCluster(readFileSync(server.kubeconfig, "utf8"), (cluster) =>
      removeObject(resourceOf("t", "x", object), since, cluster, (text) => said.push(text)),
    );
  const there = async (kind: string, name: string): Promise<boolean> =>
    (await server.run("kubectl", ["get", kind, name])).code === 0;

  it("goes when Pulumi has posted it since the run began", async () => {
    await create(map, "pulumi-kubernetes");
    await settle(map, []);
    assert.equal(await there("ConfigMap", "made"), false);
    // Nothing is there now.
    await settle(map, []);
    await create(claim, "pulumi-kubernetes");
    // No controller runs here that would let the claim go.
    const free = ["-p", '{"metadata":{"finalizers":null}}', "--type=merge"];
    assert.equal((await server.run("kubectl", ["patch", "pvc", "data", ...free])).code, 0);
    await settle(claim, []);
    assert.equal(await there("PersistentVolumeClaim", "data"), false);
  });

  it("stays when somebody else has made it, or before the run began", async () => {
    const said: string[] = [];
    await create(map, "kubectl-create");
    await settle(map, said);
    assert.equal((await server.run("kubectl", ["delete", "ConfigMap", "made"])).code, 0);
    await create(map, "pulumi-kubernetes");
    await settle(map, said, Date.now() + 60_000);
    assert.equal(said.filter((text) => /is left alone/.test(text)).length, 2);
    assert.ok(await there("ConfigMap", "made"));
  });
});

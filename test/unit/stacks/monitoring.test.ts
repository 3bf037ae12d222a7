import assert from "node:assert/strict";
import { secret } from "@pulumi/pulumi";
import { parse } from "yaml";
import { parameterValues } from "../../../components/remote/shell.ts";
import type { Secrets, SecretUse } from "../../../components/security/secrets.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { monitoringTraffic } from "../../../stacks/parts/monitoring/traffic.ts";
import { judgeTold } from "../../../stacks/parts/monitoring/look.ts";
import { watched } from "../../../stacks/parts/monitoring/watched.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { fakeSecrets, siteDeps } from "../site-deps.ts";
import { homeConfig, type Changes } from "./sample.ts";

const monitoring = {
  grafanaPassword: "op://Homelab/Grafana/password",
  heartbeat: { host: "hc-ping.com", url: "op://Homelab/Heartbeat/url" },
  receivers: { chat: { discord: "op://Homelab/Discord/webhook", severities: ["critical"] } },
  scrapes: { proxmox: { targets: ["192.168.1.11:9100", "192.168.1.12:9633"] } },
};

/** Home with monitoring. */
const home = (changes: Changes = {}) => homeConfig({ monitoring, ...changes });

/** Secrets of a site, of which one refers to this. */
const secretsWith = (ref: string, value: string) => (uses: readonly SecretUse[]) => {
  const rest = fakeSecrets(uses);
  const reveal = (one: string): string => (one === ref ? value : rest.reveal(one));
  return { reveal, get: (one: string) => secret(reveal(one)) } satisfies Secrets;
};

describe("a site's monitoring", () => {
  it("is not there where nobody asked for it, and the control plane answers nobody then", () => {
    const config = homeConfig({ monitoring: undefined });
    assert.equal(config.monitoring, undefined);
    assert.equal(config.cluster.metrics, false);
  });

  it("has the control plane answer, unless the site says otherwise", () => {
    assert.equal(home().cluster.metrics, true);
    assert.equal(home({ "cluster.metrics": false }).cluster.metrics, false);
  });

  it("keeps metrics in the site's default class, and without storage on a machine's disk", () => {
    assert.equal(home({ "storage.enabled": false }).monitoring?.class, undefined);
    assert.equal(home().monitoring?.class, "ceph-block");
  });
});

describe("what is told of alerts", () => {
  const told = (address: string) => {
    const config = home();
    const uses = [monitoring.heartbeat.url, monitoring.receivers.chat.discord].map((ref) => ({
      ref,
      path: ref,
    }));
    const secrets = secretsWith(monitoring.heartbeat.url, address)(uses);
    return judgeTold({ config, secrets }).problems.map(({ path, text }) => `${path}: ${text}`);
  };

  it("lies at the host that Alertmanager may reach", () => {
    assert.deepEqual(told("https://hc-ping.com/canary"), []);
    const [other = ""] = told("https://hc-ping.example/canary");
    assert.match(other, /^homelab:monitoring.heartbeat.host: .* at another host than hc-ping.com/);
    const [port = ""] = told("https://hc-ping.com:8443/canary");
    assert.match(port, /is not https at port 443/);
    const [none = ""] = told("canary");
    assert.match(none, /something that is no address/);
    assert.ok(![other, port, none].some((text) => text.includes("canary")));
  });
});

describe("the ways of monitoring", () => {
  const policies = networkPolicies(policyPlan(home({ storage: undefined })));
  const specs = policies.find(({ name }) => name === "homelab-monitoring")?.specs ?? [];
  const of = (name: string) =>
    specs.filter(
      ({ endpointSelector: { matchLabels } }) =>
        Object.values(matchLabels).includes(name) && Object.keys(matchLabels).length > 1,
    );

  it("let Prometheus into every guarded namespace", () => {
    for (const { name, specs: all } of policies) {
      const text = JSON.stringify(all.map(({ ingress }) => ingress));
      assert.ok(text.includes('"prometheus"'), `${name} keeps Prometheus out`);
    }
  });

  it("lead Alertmanager outside to those whom it tells, and nowhere else", () => {
    const [alertmanager] = of("alertmanager");
    const names = JSON.stringify(alertmanager?.egress);
    assert.match(names, /"matchName":"hc-ping.com"/);
    assert.match(names, /"matchName":"discord.com"/);
    assert.ok(!names.includes("0.0.0.0/0") && !names.includes('"cluster"'));
  });

  it("lead Ceph's manager to Prometheus where its dashboard shows graphs", () => {
    const prometheus = "http://prometheus-operated.monitoring.svc:9090";
    const flows = (storage: object) =>
      monitoringTraffic(home({ storage })).filter(
        ({ from }) => from.kind === "pods" && from.labels?.["app"] === "rook-ceph-mgr",
      );
    assert.deepEqual(flows({}), []);
    const [flow] = flows({ prometheus });
    assert.ok(flow?.to.kind === "pods" && "ports" in flow);
    assert.equal(flow.to.labels?.["app.kubernetes.io/name"], "prometheus");
    assert.deepEqual(flow.ports, [{ port: 9090, protocol: "TCP" }]);
  });

  it("lead Prometheus to exporters outside, by their addresses and ports", () => {
    const [prometheus] = of("prometheus");
    const egress = JSON.stringify(prometheus?.egress);
    assert.match(egress, /192\.168\.1\.11\/32/);
    assert.match(egress, /"9633"/);
  });
});

describe("the graph of a site with monitoring", () => {
  const beat = "https://hc-ping.com/beat";
  const deps = {
    ...siteDeps,
    readSecrets: (uses: readonly SecretUse[]) =>
      Promise.resolve(secretsWith(monitoring.heartbeat.url, beat)(uses)),
  };
  const changes = { monitoring, storage: {}, "tailnet.proxies": {} };
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(changes, deps);
  });

  const order = (name: string) => recording.waitsFor(name);

  it("makes the kinds before whoever makes monitors, and volumes after their storage", () => {
    assert.ok(order("rook-ceph").has("prometheus-operator-crds"));
    assert.ok(order("kube-prometheus-stack").has("home-storage-tried-command"));
    assert.ok(order("home-monitoring-namespace").has("home-storage-tried-command"));
    assert.ok(order("home-monitoring-seen-command").has("kube-prometheus-stack"));
    assert.ok(order("home-monitoring-seen-command").has("scrape-proxmox"));
    assert.ok(order("scrape-proxmox").has("prometheus-operator-crds"));
    // Its classes ask for monitors, and one that came before their kind stays invalid.
    assert.ok(order("home-tailnet-proxies-proxies-class").has("prometheus-operator-crds"));
    const { metrics } = recording.get("home-tailnet-proxies-proxies-class").shown["spec"] as {
      readonly metrics: unknown;
    };
    assert.deepEqual(metrics, { enable: true, serviceMonitor: { enable: true } });
  });

  it("has Grafana read ConfigMaps and no Secrets", () => {
    const { rules } = recording.get("home-monitoring-dashboards-reader").plain as {
      rules: unknown;
    };
    assert.deepEqual(rules, [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "watch", "list"] },
    ]);
    assert.ok(order("kube-prometheus-stack").has("home-monitoring-dashboards-reading"));
  });

  it("shows neither the password nor where alerts go", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes(beat));
    assert.ok(!shown.includes("value-of-op://Homelab/Grafana/password"));
  });

  it("gives Alertmanager the receivers and the heartbeat", () => {
    const { stringData } = recording.get("home-monitoring-alerts").plain as {
      stringData: Record<string, string>;
    };
    const config: unknown = parse(stringData["alertmanager.yaml"] ?? "");
    assert.equal(at(config, "receivers[1].webhook_configs[0].url"), beat);
    assert.equal(
      at(config, "receivers[2].discord_configs[0].webhook_url"),
      "value-of-op://Homelab/Discord/webhook",
    );
  });

  it("has alerts on its parts, with the paths of their pages", () => {
    const { spec } = recording.get("home-monitoring-rules").plain as { spec: unknown };
    assert.match(JSON.stringify(spec), /docs\/runbooks\/CephDisksMissing\.md/);
    assert.ok(recording.waitsFor("home-monitoring-rules").has("prometheus-operator-crds"));
  });

  it("has dashboards of its parts, in the namespace that is there before", () => {
    const made = recording.resources
      .map(({ name }) => name)
      .filter((name) => /^dashboard-/.test(name));
    assert.equal(made.length, 8);
    const before = recording.waitsFor("dashboard-homelab-overview");
    assert.ok(before.has("home-monitoring-namespace"));
  });

  it("waits for the whole control plane, and for every machine", () => {
    const { stdin } = recording.get("home-monitoring-seen-command").plain as { stdin: string };
    const { JOBS: jobs = "", HEARTBEAT: heartbeat } = parameterValues(stdin);
    for (const line of ["node-exporter 4", "kubelet 4", "apiserver 3", "kube-etcd 3"])
      assert.ok(jobs.split("\n").includes(line), `${line} in ${jobs}`);
    assert.equal(heartbeat, "yes");
  });

  it("has the servers' etcd, scheduler and controller manager answer", () => {
    const { values } = recording.get("kube-prometheus-stack").plain as { values: unknown };
    assert.equal(at(values, "kubeEtcd.enabled"), true);
    const { stdin } = recording.get("proxmox-stone-apply-command").plain as { stdin: string };
    assert.match(stdin, /etcd-expose-metrics: true/);
  });
});

describe("what of a site is watched", () => {
  const plan = (changes: Changes = {}) => {
    const config = home(changes);
    assert.ok(config.monitoring);
    return watched(config, config.monitoring);
  };

  it("is the parts that it has, and what it asks outside", () => {
    const { certificates, gateway, edge, bgp, outside } = plan();
    assert.deepEqual({ certificates, gateway, edge, bgp }, everyPart(true));
    assert.deepEqual(outside, ["proxmox"]);
    assert.ok(plan().jobs.includes("cloudflared"));
    const less = plan({
      "certificates.enabled": false,
      "gateway.enabled": false,
      edge: undefined,
      "network.bgp": undefined,
      apps: {},
    });
    assert.deepEqual(
      {
        ...everyPart(false),
        ...{ logs: false, argocd: false, names: false, sites: [] },
        postgres: [],
        redis: [],
        kafka: [],
        outside: ["proxmox"],
      },
      Object.fromEntries(
        Object.entries(less).filter(([key]) => key !== "storage" && key !== "jobs"),
      ),
    );
  });

  it("has Ceph only where Rook makes its monitors, with the disks and the room of the site", () => {
    assert.equal(plan({ storage: { monitoring: false } }).storage, undefined);
    assert.equal(homeConfig({ storage: {}, monitoring: undefined }).storage?.monitoring, false);
    const { storage } = plan({ storage: {} });
    assert.equal(storage?.disks, 4);
    assert.ok(storage.usableGiB > 0);
  });

  const everyPart = (on: boolean) => ({ certificates: on, gateway: on, edge: on, bgp: on });
});

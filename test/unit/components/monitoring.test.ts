import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { alertmanagerConfig } from "../../../components/monitoring/alerts.ts";
import { expectedJobs } from "../../../components/monitoring/proof.ts";
import { scrapeConfig } from "../../../components/monitoring/scrape.ts";
import { roleExpression } from "../../../components/monitoring/sign-on.ts";
import { kindsValues, stackValues } from "../../../components/monitoring/stack-values.ts";
import { endpointsOf, issuerOf } from "../../../components/edge/open-id.ts";
import { dexEndpoints, dexProvider } from "../../../components/identity/names.ts";
import { at } from "./at.ts";
import { closed, violations, type Schema } from "./json-schema.ts";
import { chat, phone } from "./receivers.ts";
import { wordsOf } from "./step-words.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const onDisk = {
  ...{ site: "home", retentionDays: 15, sizeGiB: 20, passwordMark: "mark" },
  controlPlane: true,
  otherSites: {
    ...{ site: "home", sends: ["cabin"], receives: ["cabin"] },
    clusterDomain: "cluster.local",
  },
  clusterDns: true,
};
const plan = { ...onDisk, storageClass: "ceph-block" };

describe("the values of monitoring", () => {
  const values = stackValues(plan);
  const prometheus = at(values, "prometheus.prometheusSpec");

  it("are all known to the charts", () => {
    const known = schema("kube-prometheus-stack");
    assert.deepEqual(violations(known, values), []);
    assert.deepEqual(violations(known, stackValues({ ...onDisk, controlPlane: false })), []);
    assert.deepEqual(violations(schema("prometheus-operator-crds"), kindsValues()), []);
  });

  it("leave the kinds to their own release, which keeps them when it goes", () => {
    assert.equal(at(values, "crds.enabled"), false);
    const annotations = at(kindsValues(), "crds.annotations");
    assert.deepEqual(annotations, { "helm.sh/resource-policy": "keep" });
  });

  it("have Prometheus look at every rule, monitor, probe and scrape config", () => {
    const selectors = Object.entries(prometheus as object).filter(([key]) =>
      key.endsWith("NilUsesHelmValues"),
    );
    assert.equal(selectors.length, 5);
    assert.ok(selectors.every(([, value]) => value === false));
  });

  it("delete the oldest metrics before their room is full", () => {
    assert.equal(at(prometheus, "retention"), "15d");
    assert.equal(at(prometheus, "retentionSize"), "16384MB");
    const claim = at(prometheus, "storageSpec.volumeClaimTemplate.spec");
    assert.equal(at(claim, "storageClassName"), "ceph-block");
    assert.equal(at(claim, "resources.requests.storage"), "20Gi");
  });

  it("bound what they take of a machine's disk where there is no storage", () => {
    const spec = at(stackValues(onDisk), "prometheus.prometheusSpec");
    assert.deepEqual(at(spec, "storageSpec"), { emptyDir: { sizeLimit: "20Gi" } });
  });

  it("ask of the control plane only what answers, and never kube-proxy", () => {
    const asked = (controlPlane: boolean) => {
      const given = stackValues({ ...plan, controlPlane });
      return ["kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy"].map((part) =>
        at(given, `${part}.enabled`),
      );
    };
    assert.deepEqual(asked(true), [true, true, true, false]);
    assert.deepEqual(asked(false), [false, false, false, false]);
  });

  it("leave out the chart's alerts that fire for nothing on a small cluster", () => {
    const rules = at(values, "defaultRules.rules");
    assert.deepEqual(rules, {
      kubeApiserverBurnrate: false,
      kubeApiserverSlos: false,
      windows: false,
    });
  });

  it("leave the cluster's DNS alone where RKE2's profile closes its port to other namespaces", () => {
    const closed = { ...plan, clusterDns: false };
    assert.equal(at(stackValues(closed), "coreDns.enabled"), false);
    const jobs = expectedJobs({ ...closed, servers: 3, nodes: 4 }).map(([job]) => job);
    assert.ok(!jobs.includes("coredns"));
  });

  it("have no webhook that refuses rules while the operator is away", () => {
    assert.equal(at(values, "prometheusOperator.admissionWebhooks.enabled"), false);
    assert.equal(at(values, "prometheusOperator.tls.enabled"), false);
  });

  it("name Secrets, and hold none", () => {
    assert.equal(at(values, "grafana.admin.existingSecret"), "grafana-admin");
    assert.equal(at(values, "alertmanager.alertmanagerSpec.configSecret"), "alertmanager-config");
    assert.equal(at(values, "alertmanager.alertmanagerSpec.useExistingSecret"), true);
    const annotations = at(values, "grafana.podAnnotations");
    assert.deepEqual(annotations, { "homelab/secret-fingerprint": "mark" });
  });

  it("have neither Grafana nor kube-state-metrics read Secrets", () => {
    assert.deepEqual(at(values, "grafana.rbac"), { create: false });
    assert.equal(at(values, "grafana.sidecar.dashboards.resource"), "configmap");
    assert.equal(at(values, "grafana.sidecar.datasources.resource"), "configmap");
    const stateMetrics = values["kube-state-metrics"];
    assert.deepEqual(at(stateMetrics, "collectorsExclude"), ["secrets"]);
  });

  it("leave Grafana's data sources as its image brings them", () => {
    const ini = (at(values, "grafana") as Record<string, unknown>)["grafana.ini"];
    assert.equal(at(ini, "plugins.preinstall_disabled"), true);
  });
});

describe("signing on to Grafana", () => {
  const signOn = {
    ...{ hostname: "grafana.home.arpa", session: "8h", clientId: "c1" },
    provider: { title: "Cloudflare Access" },
    endpoints: endpointsOf(issuerOf("house", "c1")),
    roles: {
      admins: ["o'neil@example.net"],
      editors: [],
      viewers: ["a@example.net", "b@example.net"],
    },
  };
  const values = stackValues({ ...plan, signOn });
  const ini = (values["grafana"] as Record<string, Record<string, unknown>>)["grafana.ini"] ?? {};
  const oauth = ini["auth.generic_oauth"] as Record<string, unknown>;

  it("is known to the chart", () => {
    assert.deepEqual(violations(schema("kube-prometheus-stack"), values), []);
  });

  it("goes to the provider's addresses and back to the name that people open", () => {
    assert.equal(at(ini, "server.root_url"), "https://grafana.home.arpa");
    const { auth_url, token_url, api_url, client_id } = oauth;
    assert.deepEqual(
      [auth_url, token_url, api_url, client_id],
      [
        "https://house.cloudflareaccess.com/cdn-cgi/access/sso/oidc/c1/authorization",
        "https://house.cloudflareaccess.com/cdn-cgi/access/sso/oidc/c1/token",
        "https://house.cloudflareaccess.com/cdn-cgi/access/sso/oidc/c1/userinfo",
        "c1",
      ],
    );
    assert.ok(!("tls_client_ca" in oauth));
  });

  it("asks a provider in the cluster with the certificate of the site's own authority", () => {
    const endpoints = dexEndpoints("id.home.arpa", "cluster.local");
    const inside = stackValues({
      ...plan,
      signOn: { ...signOn, provider: dexProvider, endpoints },
    });
    assert.deepEqual(violations(schema("kube-prometheus-stack"), inside), []);
    const [mount] = at(inside, "grafana.extraConfigmapMounts") as { configMap: string }[];
    assert.equal(mount?.configMap, "internal-ca");
    const asks = (inside["grafana"] as Record<string, Record<string, unknown>>)["grafana.ini"];
    const { name, auth_url, token_url, tls_client_ca } = asks?.["auth.generic_oauth"] as Record<
      string,
      string
    >;
    assert.deepEqual(
      [name, auth_url, token_url, tls_client_ca],
      [
        "Dex",
        "https://id.home.arpa/auth",
        "https://dex.identity.svc.cluster.local/token",
        "/etc/internal-ca/ca.crt",
      ],
    );
  });

  it("takes the client's secret from the cluster, and its values hold none", () => {
    const { secretKeyRef } = at(
      values,
      "grafana.envValueFrom.GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET",
    ) as {
      secretKeyRef: unknown;
    };
    assert.deepEqual(secretKeyRef, { name: "grafana-sign-on", key: "client-secret" });
    assert.ok(!("client_secret" in oauth));
  });

  it("gives roles by address, and lets nobody in who has none", () => {
    assert.equal(oauth["role_attribute_strict"], true);
    assert.equal(
      oauth["role_attribute_path"],
      "contains(['o\\'neil@example.net'], email) && 'Admin' || " +
        "contains(['a@example.net', 'b@example.net'], email) && 'Viewer'",
    );
    assert.equal(
      roleExpression({ admins: [], editors: ["a@b.cd"], viewers: [] }),
      "contains(['a@b.cd'], email) && 'Editor'",
    );
  });

  it("ends with the session", () => {
    assert.equal(at(ini, "auth.login_maximum_lifetime_duration"), "8h");
  });
});

describe("where alerts go", () => {
  const receivers = [phone, chat];
  const heartbeat = "https://hc-ping.com/beat";
  const config: unknown = parse(alertmanagerConfig({ receivers, heartbeat }));

  it("tells each of what it asked for, one after the other", () => {
    assert.equal(at(config, "route.receiver"), "nobody");
    const routes = at(config, "route.routes") as readonly Record<string, unknown>[];
    assert.deepEqual(
      routes.slice(1).map(({ receiver, matchers, continue: on }) => [receiver, matchers, on]),
      [
        ["phone", ['severity =~ "critical"'], true],
        ["chat", ['severity =~ "critical|warning"'], true],
      ],
    );
    assert.equal(at(config, "receivers[2].name"), "phone");
    const { message, url, ...pushover } = at(config, "receivers[2].pushover_configs[0]") as Record<
      string,
      unknown
    >;
    assert.ok(message !== undefined && url !== undefined);
    assert.deepEqual(pushover, {
      ...{ user_key: "user", token: "token", send_resolved: true },
      priority:
        '{{ if and (eq .Status "firing") (eq .CommonLabels.severity "critical") }}2{{ else }}0{{ end }}',
    });
  });

  it("sends the watchdog outside every five minutes, and nowhere else", () => {
    assert.deepEqual(at(config, "route.routes[0]"), {
      receiver: "outside.heartbeat",
      matchers: ['alertname = "Watchdog"'],
      group_wait: "0s",
      group_interval: "1m",
      repeat_interval: "5m",
    });
    assert.deepEqual(at(config, "receivers[1].webhook_configs"), [
      { url: heartbeat, send_resolved: false },
    ]);
  });

  it("tells nobody where nobody is named", () => {
    const quiet: unknown = parse(alertmanagerConfig({ receivers: [] }));
    assert.deepEqual(at(quiet, "receivers"), [{ name: "nobody" }]);
    assert.equal(at(quiet, "route.routes[0].receiver"), "nobody");
  });

  it("names no receiver that is not there", () => {
    const named = (at(config, "route.routes") as readonly { receiver: string }[]).map(
      ({ receiver }) => receiver,
    );
    const there = (at(config, "receivers") as readonly { name: string }[]).map(({ name }) => name);
    assert.deepEqual(
      named.filter((name) => !there.includes(name)),
      [],
    );
  });
});

describe("what Prometheus asks outside of the cluster", () => {
  it("is a ScrapeConfig that the API server takes as it is", () => {
    const object = scrapeConfig({
      ...{ name: "ups", targets: ["192.168.1.9:9199"], path: "/ups_metrics" },
      params: { ups: ["rack"] },
    });
    assert.deepEqual(violations(closed(schema("scrapeconfig")), object), []);
    assert.equal(object.spec.jobName, "ups");
    assert.deepEqual(object.spec.params, { ups: ["rack"] });
  });
});

describe("the proof of monitoring", () => {
  const [functions = "", text = ""] = [
    ["rke2/scripts/rke2.sh", "workload/scripts/rolled-out.sh"],
    ["monitoring/scripts/seen.sh"],
  ].map((files) =>
    files
      .map((file) => readFileSync(new URL(`../../../components/${file}`, import.meta.url), "utf8"))
      .join("\n"),
  );
  const jobs = expectedJobs({ servers: 1, nodes: 2, controlPlane: true, clusterDns: true })
    .filter(([job]) => /kubelet|etcd/.test(job))
    .map((job) => job.join(" "))
    .join("\n");

  /** What Prometheus answers to a question after numbers by job. */
  const vector = (numbers: Readonly<Record<string, number>>): string =>
    JSON.stringify({
      status: "success",
      data: {
        resultType: "vector",
        result: Object.entries(numbers).map(([job, number]) => ({
          metric: { job },
          value: [1790000000.123, String(number)],
        })),
      },
    });

  interface World {
    readonly conditions?: string;
    readonly up?: Readonly<Record<string, number>>;
    readonly alerts?: string;
    readonly sent?: number;
    /** As kubectl prints a Deployment: name, generation, the one that was seen, and numbers of pods. */
    readonly deployment?: string;
    readonly revision?: string;
  }

  /** What the step says in a world: the message of its failure, or nothing. */
  function run(world: World, heartbeat = "yes"): string {
    const {
      conditions = "3 Available=True@3 Reconciled=True@3 ",
      up = { kubelet: 2, "kube-etcd": 1 },
      alerts = '[{"labels":{"alertname":"Watchdog"}}]',
      sent = 1,
      deployment = "grafana|2|2|1|1|1|1",
      revision = "10 node-exporter new",
    } = world;
    const variables = `NAMESPACE=monitoring PROMETHEUS=p ALERTMANAGER=a HEARTBEAT=${heartbeat} JOBS='${jobs}' EXPORTER=node-exporter NODES=stone`;
    const cases = `
        *"get deployments"*) echo '${deployment}' ;;
        *"get daemonset node-exporter"*) echo '3 3' ;;
        *"get controllerrevisions"*) printf '9 node-exporter old\n${revision}\n' ;;
        *"get pods -l controller-revision-hash=new"*) echo 'node-exporter stone True' ;;
        *"/http:p:9090/proxy/api/v1/query?query=count+by"*) echo '${vector(up)}' ;;
        *"/http:p:9090/proxy/api/v1/query?query=sum(alertmanager_notification_requests"*)
          echo '{"data":{"result":[{"metric":{},"value":[1790000000,"${sent}"]}]}}' ;;
        *"/http:a:9093/proxy/api/v2/alerts"*) echo '${alerts}' ;;
        *generation*) echo '${conditions}' ;;
        *) echo "Available is False NoPodReady" ;;`;
    return wordsOf({ functions, variables, cases, script: text });
  }

  it("ends when all is up, and an alert has gone its way", () => {
    assert.equal(run({}), "");
    assert.equal(run({ sent: 0 }, ""), "");
  });

  it("waits for all that the release has brought, as it was declared last", () => {
    const left = /^these Deployments do not run as they were declared: grafana$/;
    for (const deployment of ["grafana|3|2|1|1|1|1", "grafana|2|2|1|1|2|1", "grafana|2|2|1|1|1|"])
      assert.match(run({ deployment }), left, deployment);
    const revision = "8 node-exporter new";
    assert.equal(run({ revision }), "node-exporter does not run as it was declared on stone");
  });

  it("does not take what the operator said of an object before its last change", () => {
    const conditions = "4 Available=True@3 Reconciled=True@4 ";
    assert.match(run({ conditions }), /^Prometheus does not run after 900 s: Available is False/);
  });

  it("names what Prometheus does not see", () => {
    assert.equal(
      run({ up: { kubelet: 1 } }),
      "Prometheus does not see all of the cluster: kubelet is up in 1 of 2 places, kube-etcd is up in 0 of 1 places",
    );
    assert.match(run({ up: {} }), /it does not answer$/);
  });

  it("misses the alert that fires always, and the heartbeat that takes it", () => {
    assert.match(run({ alerts: "[]" }), /^the alert Watchdog, which fires always/);
    assert.match(run({ sent: 0 }), /^the heartbeat outside has not taken the alert Watchdog/);
  });
});

import assert from "node:assert/strict";
import { kubernetes, nodes } from "./cluster.ts";
import { kubectl, run } from "./command.ts";
import {
  alerts,
  brokenRules,
  channel,
  firing,
  heartbeat,
  monitored,
  queried,
  targets,
} from "./monitoring.ts";
import { alertsAge } from "./doctor.ts";
import { eventually, nothingToChange } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

/**
 * Somebody's own rule, in a namespace that is there: of one that is made together with its rule the operator may not know yet,
 * and it looks for that rule no more (prometheus-operator, pkg/prometheus/server/operator.go, enqueueForNamespace).
 */
const rule = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: { name: "tunnel", namespace: "default" },
  spec: {
    groups: [
      {
        name: "tunnel",
        interval: "5s",
        rules: [
          {
            alert: "ConnectorsSilent",
            expr: 'absent(up{job="cloudflared"} == 1)',
            labels: { severity: "critical" },
            annotations: { summary: "no connector of the tunnel says anything" },
          },
        ],
      },
    ],
  },
};

interface Pods {
  readonly items: readonly object[];
}

/** Prometheus, Alertmanager and their operator themselves, with what they make of monitors and rules. */
describe("monitoring", () => {
  given(siteIsUp);

  it("asks every machine, the whole control plane and what else tells of itself, and all of it answers", async () => {
    const home = await nodes("home");
    const seen = await targets("home");
    const up = (job: string): number =>
      new Set(
        seen
          .filter(({ labels, health }) => labels["job"] === job && health === "up")
          .map(({ labels }) => labels["instance"]),
      ).size;
    const servers = 3;
    const wanted: Readonly<Record<string, number>> = {
      ...{ apiserver: servers, "kube-etcd": servers },
      ...{ "kube-controller-manager": servers, "kube-scheduler": servers },
      ...{ kubelet: home.length, "node-exporter": home.length, coredns: 1 },
      ...{ "cert-manager": 1, "envoy-gateway": 1, "node-local-dns": home.length },
    };
    for (const [job, places] of Object.entries(wanted))
      assert.ok(up(job) >= places, `${job} is up in ${up(job)} of ${places} places`);
  });

  it("finds somebody to ask by every monitor, and all of them answer", async () => {
    const pools = await monitored("home");
    assert.ok(pools.length > 20, `${pools.length} monitors`);
    await eventually(120, async () => {
      const seen = await targets("home");
      for (const pool of pools)
        assert.ok(
          seen.some(({ scrapePool }) => scrapePool === pool),
          `${pool} finds nothing`,
        );
      const silent = seen.filter(({ health }) => health !== "up");
      assert.deepEqual(
        silent.map(
          ({ scrapePool, scrapeUrl, lastError }) => `${scrapePool} ${scrapeUrl}: ${lastError}`,
        ),
        [],
      );
    });
  });

  it("reads every rule, and none says that something is wrong", async () => {
    assert.deepEqual(await brokenRules("home"), []);
    await eventually(alertsAge, async () => {
      assert.deepEqual(await firing("home"), []);
    });
  });

  it("has figures of their own from etcd, the API servers and the machines", async () => {
    assert.equal(await queried("home", 'sum(etcd_server_has_leader{job="kube-etcd"})'), 3);
    assert.ok((await queried("home", "sum(apiserver_storage_objects)")) > 100);
    await eventually(alertsAge, async () => {
      assert.equal(
        await queried("home", "count(node_uname_info)"),
        await queried("home", "count(kube_node_info)"),
      );
    });
  });

  it("has sent a heartbeat out, through the site's network policies", async () => {
    const { status, n_pings } = await heartbeat();
    assert.equal(status, "up");
    assert.ok(n_pings > 0);
  });

  it("tells the channel of a tunnel that is gone, by a rule of somebody's own, and asks it again when it is back", async () => {
    const connectors = "deployment/cloudflared";
    const scale = (replicas: string): Promise<string> =>
      run`kubectl --context home -n cloudflared scale ${connectors} --replicas=${replicas}`;
    const replicas =
      await run`kubectl --context home -n cloudflared get ${connectors} -o=jsonpath={.spec.replicas}`;
    await kubernetes("apply", [rule]);
    try {
      await scale("0");
      await eventually(240, async () => {
        const told = (await channel()).find((one) => one.includes("ConnectorsSilent"));
        assert.ok(told?.includes("no connector of the tunnel"), told ?? "nobody was told");
      });
    } finally {
      await scale(replicas);
      await kubernetes("delete", [rule]);
    }
    await eventually(180, async () => {
      const seen = (await targets("home")).filter(({ labels }) => labels["job"] === "cloudflared");
      assert.deepEqual(
        seen.map(({ health }) => health),
        Array<string>(Number(replicas)).fill("up"),
      );
    });
  });

  it("is missed outside when Alertmanager is silent, and has its alerts again when it is back", async () => {
    const scale = (replicas: number) =>
      run`kubectl --context home -n monitoring patch alertmanagers.monitoring.coreos.com monitoring-alertmanager --type=merge -p ${JSON.stringify({ spec: { replicas } })}`;
    await scale(0);
    await eventually(60, async () => {
      const { items } =
        await kubectl<Pods>`--context home get pods -n monitoring -l app.kubernetes.io/name=alertmanager`;
      assert.equal(items.length, 0);
    });
    // The shortest times that the check takes, so that its silence is an alarm sooner.
    await heartbeat({ timeout: 60, grace: 60 });
    await eventually(150, async () => {
      assert.equal((await heartbeat()).status, "down");
    });
    await heartbeat({ timeout: 600, grace: 60 });
    await scale(1);
    // It remembers whom it told last, so the next beat comes when it would have come anyhow.
    await eventually(240, async () => {
      assert.ok((await alerts("home")).includes("Watchdog"));
    });
  });

  it("leaves nothing to change", async () => {
    await nothingToChange("home");
  });
});

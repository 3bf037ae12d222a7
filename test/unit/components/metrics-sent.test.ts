import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { remoteWriteValues, writePath } from "../../../components/monitoring/remote-write.ts";
import { siteAlerts } from "../../../components/monitoring/rules/sites.ts";

/** A port that nobody has right now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Keys as Prometheus has them; the operator changes nothing else (pkg/prometheus/promcfg.go, GenerateRemoteWriteConfig). */
function asPrometheus(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asPrometheus);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      asPrometheus(inner),
    ]),
  );
}

type Series = readonly { readonly metric: Readonly<Record<string, string>> }[];

describe("Prometheus itself, with what a site sends to another", function () {
  this.timeout(120_000);
  let folder: string;
  const running: ChildProcess[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "homelab-metrics-"));
  });
  after(async () => {
    for (const child of running) {
      const ended = once(child, "exit");
      // Asked to end, the sender would wait a minute for the receiver.
      child.kill("SIGKILL");
      await ended;
    }
    await rm(folder, { recursive: true });
  });

  /** Starts one; its port answers once it has read what it had. */
  async function start(name: string, config: object, ...options: readonly string[]) {
    const port = await freePort();
    const file = join(folder, `${name}.json`);
    await writeFile(file, JSON.stringify(config));
    running.push(
      spawn(
        "prometheus",
        [
          ...[`--config.file=${file}`, `--storage.tsdb.path=${join(folder, name)}`],
          ...[`--web.listen-address=127.0.0.1:${port}`, ...options],
        ],
        { stdio: "ignore" },
      ),
    );
    return port;
  }

  /** Asks until the answer is one that is looked for. */
  async function asked(port: number, query: string, found: (all: Series) => boolean) {
    for (;;) {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok === true) {
        const { data } = (await answer.json()) as { data: { result: Series } };
        if (found(data.result)) return data.result;
      }
      await delay(200);
    }
  }

  it("shows it there under the site's name, and the alert on its silence ends", async () => {
    const [silent] = siteAlerts(["cabin"]).alerts;
    assert.ok(silent);
    const home = await start("home", {}, "--web.enable-remote-write-receiver");
    const before = await asked(home, silent.expression, (all) => all.length > 0);
    assert.deepEqual(before[0]?.metric, { other: "cabin" });

    const plan = { site: "cabin", sends: ["home"], receives: [], clusterDomain: "cluster.local" };
    const { remoteWrite } = remoteWriteValues(plan) as { remoteWrite: readonly { url: string }[] };
    const sent = remoteWrite.map((one) => ({
      ...one,
      url: `http://127.0.0.1:${home}${new URL(one.url).pathname}`,
    }));
    assert.equal(new URL(remoteWrite[0]?.url ?? "").pathname, writePath);
    const cabin = await freePort();
    await start("cabin", {
      global: { scrape_interval: "1s", external_labels: { site: "cabin" } },
      scrape_configs: [
        { job_name: "kubelet", static_configs: [{ targets: [`127.0.0.1:${cabin}`] }] },
      ],
      remote_write: asPrometheus(sent),
    });

    const [series] = await asked(home, "cabin:up", (all) => all.length > 0);
    assert.equal(series?.metric["site"], "cabin");
    assert.equal(series.metric["job"], "kubelet");
    assert.deepEqual(await asked(home, "up", () => true), []);
    assert.deepEqual(await asked(home, silent.expression, () => true), []);
  });
});

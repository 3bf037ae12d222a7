import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { parse } from "yaml";
import { alertmanagerConfig, type Receiver } from "../../../components/monitoring/alerts.ts";
import { chat, phone } from "./receivers.ts";

const run = promisify(execFile);

const receivers: readonly Receiver[] = [
  phone,
  chat,
  {
    name: "own",
    severities: ["warning"],
    by: { kind: "webhook", url: "https://ntfy.example.net/alerts" },
  },
];

/** What a webhook of Alertmanager is told, as far as it is looked at here. */
interface Told {
  readonly receiver: string;
  readonly alerts: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

interface Config {
  readonly receivers: readonly {
    readonly pushover_configs?: readonly Readonly<Record<string, string>>[];
    readonly discord_configs?: readonly Readonly<Record<string, string>>[];
  }[];
}

/** Two alerts of one name as Alertmanager hands them to its templates (template/template.go, Data). */
function group(page: string): object {
  const alert = (status: string, node: string, summary: string): object => ({
    status,
    labels: { alertname: "NodeDown", severity: "critical", node },
    annotations: { summary, description: "nothing has answered", runbook_url: page },
    generatorURL: "http://monitoring-prometheus.monitoring:9090/graph",
  });
  return {
    status: "firing",
    alerts: [
      alert("firing", "stone", "a machine is gone"),
      alert("resolved", "tank", "another machine is gone"),
    ],
    groupLabels: { alertname: "NodeDown" },
    commonLabels: { alertname: "NodeDown", severity: "critical" },
    commonAnnotations: { description: "nothing has answered", runbook_url: page },
    externalURL: "http://monitoring-alertmanager.monitoring:9093",
  };
}

/** A port that nobody has right now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Somebody outside who takes one request, and what it says. */
async function listener(): Promise<{
  readonly server: Server;
  readonly url: string;
  readonly told: Promise<Told>;
}> {
  const { promise: told, resolve } = Promise.withResolvers<Told>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      response.end();
      resolve(JSON.parse(Buffer.concat(parts).toString()) as Told);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/beat`, told };
}

describe("Alertmanager itself, with the site's configuration", function () {
  this.timeout(120_000);
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "homelab-alerts-"));
    file = join(folder, "alertmanager.yaml");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("takes every way of telling somebody", async () => {
    await writeFile(file, alertmanagerConfig({ receivers, heartbeat: "https://hc-ping.com/1" }));
    const { stdout } = await run("amtool", ["check-config", file]);
    assert.match(stdout, /SUCCESS/);
    assert.match(stdout, /5 receivers/);
    await writeFile(file, alertmanagerConfig({ receivers: [] }));
    assert.match((await run("amtool", ["check-config", file])).stdout, /SUCCESS/);
  });

  it("leads each alert to those who asked for it", async () => {
    await writeFile(file, alertmanagerConfig({ receivers, heartbeat: "https://hc-ping.com/1" }));
    const ways: readonly [readonly string[], string][] = [
      [["alertname=Watchdog", "severity=none"], "outside.heartbeat"],
      [["alertname=NodeDown", "severity=critical"], "phone,chat"],
      [["alertname=NodeBusy", "severity=warning"], "chat,own"],
      [["alertname=NodeIdle", "severity=info"], "nobody"],
    ];
    for (const [labels, wanted] of ways) {
      const args = ["config", "routes", "test", `--config.file=${file}`, ...labels];
      assert.equal((await run("amtool", args)).stdout.trim(), wanted, labels.join());
    }
  });

  it("tells people what is wrong and what to do, and no name of the cluster", async () => {
    const config = parse(alertmanagerConfig({ receivers })) as Config;
    const [pushover = {}] = config.receivers.flatMap((one) => one.pushover_configs ?? []);
    const [discord = {}] = config.receivers.flatMap((one) => one.discord_configs ?? []);
    const path = "docs/runbooks/NodeDown.md";
    const address = `https://pages.example.net/${path}`;
    // What Alertmanager takes where the configuration says nothing (config/notifiers.go).
    const texts = {
      chat: discord["message"] ?? '{{ template "discord.default.message" . }}',
      phone: pushover["message"] ?? '{{ template "pushover.default.message" . }}',
      link: pushover["url"] ?? '{{ template "pushover.default.url" . }}',
    };
    for (const page of [path, address]) {
      await writeFile(file, JSON.stringify(group(page)));
      const render = async (text: string): Promise<string> => {
        const args = ["--template.glob=none", `--template.data=${file}`, `--template.text=${text}`];
        return (await run("amtool", ["template", "render", ...args])).stdout.trim();
      };
      for (const text of [texts.chat, texts.phone]) {
        const told = await render(text);
        assert.doesNotMatch(told, /monitoring:\d/);
        assert.match(told, /^a machine is gone\nnothing has answered\n/);
        assert.match(told, /Resolved: another machine is gone/);
        assert.ok(told.includes(page) && told.includes("node = stone"), told);
      }
      assert.equal(await render(texts.link), page === address ? address : "");
    }
  });

  it("tells the heartbeat at once that alerts work", async () => {
    const { server, url, told } = await listener();
    await writeFile(file, alertmanagerConfig({ receivers, heartbeat: url }));
    const port = await freePort();
    const child = spawn(
      "alertmanager",
      [
        ...[`--config.file=${file}`, `--storage.path=${folder}`, "--cluster.listen-address="],
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore" },
    );
    const ended = once(child, "exit");
    try {
      const alerts = [{ labels: { alertname: "Watchdog", severity: "none" } }];
      await raised(`http://127.0.0.1:${port}/api/v2/alerts`, alerts);
      const { receiver, alerts: arrived } = await told;
      // Alertmanager quotes the name as a regular expression (template/template.go, Data).
      assert.equal(receiver, String.raw`outside\.heartbeat`);
      assert.deepEqual(
        arrived.map(({ labels }) => labels["alertname"]),
        ["Watchdog"],
      );
    } finally {
      child.kill();
      await ended;
      server.close();
    }
  });
});

/** Posts alerts as soon as Alertmanager takes them. */
async function raised(url: string, alerts: unknown): Promise<void> {
  const init = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(alerts),
  };
  for (;;) {
    const answer = await fetch(url, init).catch(() => undefined);
    if (answer?.ok === true) return;
    await delay(100);
  }
}

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shutdownSeconds } from "../../../components/machine.ts";
import { networkPolicies, type PolicySpec } from "../../../components/policies/rules.ts";
import { scriptText } from "../../../components/remote/shell.ts";
import { appNotices } from "../../../stacks/apps/notices.ts";
import { releaseOf } from "../../../stacks/apps/immich-machine-learning.ts";
import { fits, vectorChordIn } from "../../../stacks/apps/immich-versions.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { siteExposure } from "../../../stacks/exposure/table.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { siteProbes } from "../../../stacks/parts/monitoring/probes.ts";
import { policyPlan, siteTraffic } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { appsSite } from "./apps-site.ts";
import { homeConfig, type Changes } from "./sample.ts";

type Recording = Awaited<ReturnType<typeof recordedHome>>;

const files = (recording: Recording, name: string) =>
  recording.get(name).shown["data"] as Readonly<Record<string, string>>;

/** Environment of a container of an application. */
const environment = (recording: Recording, app: string, container = "containers[0]") =>
  Object.fromEntries(
    (
      at(recording.get(`${app}-deployment`).shown, `spec.template.spec.${container}.env`) as {
        readonly name: string;
        readonly value: string;
      }[]
    ).map(({ name, value }) => [name, value]),
  );

/** What the policies of a namespace let the pods of an application do in a direction: the union of all that select them. */
function rules(changes: Changes, app: string, namespace: string, direction: "egress" | "ingress") {
  const labels: Readonly<Record<string, string>> = {
    "k8s:io.kubernetes.pod.namespace": namespace,
    "app.kubernetes.io/name": app,
  };
  const selects = ({ endpointSelector }: PolicySpec): boolean =>
    Object.entries(endpointSelector.matchLabels).every(([key, value]) => labels[key] === value);
  return networkPolicies(policyPlan(homeConfig(changes)))
    .flatMap(({ specs }) => specs)
    .filter(selects)
    .flatMap((spec) => spec[direction] ?? []);
}

describe("Home Assistant", () => {
  let recording: Recording;
  before(async () => {
    recording = await recordedHome(appsSite());
  });

  it("reads what the site knows beside what people write", () => {
    assert.equal(
      files(recording, "home-assistant-files")["site.yaml"],
      "recorder:\n  db_url: !env_var RECORDER_URL\n  db_max_retries: 90\n",
    );
    const { "configuration.yaml": own, ...rest } = files(recording, "home-assistant-seed");
    assert.match(own ?? "", /^ {2}packages: !include_dir_named \/homelab$/m);
    // What the configuration includes is there, or it would not start.
    const included = [...(own ?? "").matchAll(/!include (\S+)/g)].map(([, file]) => file);
    assert.deepEqual(Object.keys(rest).sort(), included.sort());
  });

  it("trusts the proxies, which are pods, before it starts", () => {
    const pod = at(recording.get("home-assistant-deployment").shown, "spec.template.spec");
    assert.equal(at(pod, "initContainers[1].name"), "prepare");
    assert.equal(at(pod, "initContainers[1].image"), at(pod, "containers[0].image"));
    const command = at(pod, "initContainers[1].command") as readonly string[];
    assert.deepEqual(command.slice(-3), ["prepare", "/config", '["10.42.0.0/16"]']);
    assert.deepEqual(at(pod, "initContainers[1].volumeMounts"), [
      { name: "home-assistant-config", mountPath: "/config" },
    ]);
  });

  it("has nothing mounted in the folder that it clears to restore a backup", () => {
    const pod = at(recording.get("home-assistant-deployment").shown, "spec.template.spec");
    const mounts = at(pod, "containers[0].volumeMounts") as readonly {
      readonly mountPath: string;
    }[];
    assert.deepEqual(
      mounts.map(({ mountPath }) => mountPath),
      ["/tmp", "/config", "/packages", "/homelab"],
    );
    assert.equal(environment(recording, "home-assistant")["VENV_FOLDER"], "/packages");
  });

  it("keeps history in Postgres where it logs in, and in its volume otherwise", async () => {
    const settings = recording.get("home-assistant-settings").plain["stringData"];
    assert.match(String(at(settings, "RECORDER_URL")), /^postgresql:\/\/history:/);
    const without = await recordedHome(appsSite({ "apps.home-assistant.logins": [] }));
    assert.doesNotMatch(files(without, "home-assistant-files")["site.yaml"] ?? "", /recorder/);
  });

  it("has as long to leave as upstream gives it: what it has not written then is gone", () => {
    const pod = at(recording.get("home-assistant-deployment").shown, "spec.template.spec");
    assert.equal(at(pod, "terminationGracePeriodSeconds"), 240);
  });

  it("has room in /tmp for what is written there, for whoever writes more is ended at once", () => {
    const limit = (app: string) => {
      const pod = at(recording.get(`${app}-deployment`).shown, "spec.template.spec");
      return at(pod, "volumes[0].emptyDir.sizeLimit");
    };
    const tmp = ["home-assistant", "radarr", "plex", "seerr"].map(limit);
    assert.deepEqual(tmp, ["10Gi", "10Gi", "8Gi", "1Gi"]);
  });

  it("has no longer to leave, as all others, than a machine that shuts down gives", () => {
    const times = recording.resources
      .filter(({ type }) => type === "kubernetes:apps/v1:Deployment")
      // Kubernetes' own where none is said.
      .map(({ shown }) =>
        Number(at(shown, "spec.template.spec.terminationGracePeriodSeconds") ?? 30),
      );
    assert.ok(times.length > 5);
    assert.ok(Math.max(...times) <= shutdownSeconds.applications, times.join(" "));
  });

  it("finds devices on its machine's network by permission, said aloud", async () => {
    const host = { "apps.home-assistant.discovery": "host" };
    const config = homeConfig(appsSite(host));
    assert.match(appNotices(config).join("\n"), /home-assistant is on its machine's own network/);
    assert.deepEqual(
      siteNamespaces(config).find(({ name }) => name === "home-assistant")?.security,
      "privileged",
    );
    const made = await recordedHome(appsSite(host));
    const pod = at(made.get("home-assistant-deployment").shown, "spec.template.spec");
    assert.deepEqual(
      [at(pod, "hostNetwork"), at(pod, "dnsPolicy")],
      [true, "ClusterFirstWithHostNet"],
    );
    const trusted = (at(pod, "initContainers[1].command") as readonly string[]).at(-1);
    assert.match(trusted ?? "", /^\["10\.42\.0\.0\/16","192\.168\.1\.21\/32"[,\]]/);
    // A policy for pods selects none that is on its machine's network: its peers have to let machines in.
    const flows = siteTraffic(config).filter(({ why }) => /history|ha\.home/.test(why));
    assert.deepEqual(
      flows.map(({ from, to }) => [from.kind, to.kind]),
      [
        ["pods", "nodes"],
        ["nodes", "pods"],
      ],
    );
    assert.deepEqual(appNotices(homeConfig(appsSite())).length, 1);
  });
});

describe("the settings of Home Assistant's server", () => {
  const script = scriptText(
    new URL("../../../stacks/apps/home-assistant.ts", import.meta.url).href,
    "home-assistant-proxies.sh",
  );

  /** The settings that a start of the pod leaves, where there were these before; none are a fresh volume. */
  function after(before?: object, proxies: readonly string[] = ["10.42.0.0/16"]): object {
    const folder = mkdtempSync(join(tmpdir(), "home-assistant-"));
    const file = join(folder, ".storage/http");
    try {
      mkdirSync(join(folder, ".storage"));
      if (before !== undefined) writeFileSync(file, JSON.stringify(before));
      execFileSync("/bin/sh", ["-c", script, "prepare", folder, JSON.stringify(proxies)]);
      return JSON.parse(readFileSync(file, "utf8")) as object;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  // Keys and values as components/http/config.py's HTTP_STORAGE_SCHEMA fills them in: it loads version 2 without looking at them.
  const defaults = {
    ...{ server_port: 8123, cors_allowed_origins: ["https://cast.home-assistant.io"] },
    ...{ login_attempts_threshold: -1, ip_ban_enabled: true, ssl_profile: "modern" },
    use_x_frame_options: true,
  };
  const trusted = { use_x_forwarded_for: true, trusted_proxies: ["10.42.0.0/16"] };
  const stored = (data: object) => ({ ...{ version: 2, minor_version: 1, key: "http" }, data });

  it("begin as confirmed ones, with nothing on trial and no YAML to be read", () => {
    const stable = { ...defaults, ...trusted };
    const fresh = stored({ stable, pending: null, yaml_migration_done: true });
    assert.deepEqual(after(), fresh);
    assert.deepEqual(after(fresh), fresh);
  });

  it("keep what people have changed, and follow the site's proxies alone", () => {
    const own = { ...defaults, ip_ban_enabled: false, created_at: "2026-08-01", error: null };
    const pending = { ...defaults, error: "not_promoted" };
    const data = { stable: own, pending, yaml_migration_done: true };
    const before = { ...stored(data), minor_version: 2 };
    assert.deepEqual(after(before), {
      ...before,
      data: { ...data, stable: { ...own, ...trusted } },
    });
  });

  it("of before 2026.8 become those of now", () => {
    const old = {
      ...trusted,
      trusted_proxies: ["10.42.0.0"],
      base_url: "x",
      ip_ban_enabled: false,
    };
    const before = { ...{ version: 1, minor_version: 1, key: "http" }, data: old };
    const stable = { ...defaults, ...trusted, ip_ban_enabled: false };
    assert.deepEqual(after(before), stored({ stable, pending: null, yaml_migration_done: true }));
  });
});

describe("what an application reaches on the internet", () => {
  it("has names, which its lookups find", () => {
    for (const [app, namespace] of [
      ["home-assistant", "home-assistant"],
      ["plex", "media"],
      ["seerr", "seerr"],
    ] as const) {
      const asked = rules(appsSite(), app, namespace, "egress").flatMap(
        (rule) => (at(rule, "toPorts[0].rules.dns") ?? []) as readonly object[],
      );
      assert.deepEqual(asked.at(-1), { matchPattern: "*" }, app);
    }
  });
});

describe("the download client", () => {
  it("asks everybody for a password, which its image does not behind a gateway", async () => {
    const recording = await recordedHome(appsSite());
    const { "qBittorrent.conf": conf = "" } = files(recording, "qbittorrent-seed");
    assert.match(conf, /^WebUI\\LocalHostAuth=true$/m);
    assert.doesNotMatch(conf, /AuthSubnetWhitelist/);
    // Else five wrong passwords of anybody ban the gateway.
    assert.match(conf, /^WebUI\\ReverseProxySupportEnabled=true$/m);
    assert.match(conf, /^WebUI\\TrustedReverseProxiesList=10\.42\.0\.0\/16$/m);
    const pod = at(recording.get("qbittorrent-deployment").shown, "spec.template.spec");
    const command = at(pod, "initContainers[0].command") as readonly string[];
    assert.equal(command.at(-1), "/config/qBittorrent");
  });

  it("reaches its VPN's server, and asks for names of the cluster; nothing else, whatever its containers do", () => {
    const [deny, lookups, vpn, ...more] = rules(appsSite(), "qbittorrent", "media", "egress");
    assert.deepEqual(deny, {});
    assert.deepEqual(at(lookups, "toPorts[0].rules"), {
      dns: [{ matchPattern: "**.cluster.local" }],
    });
    assert.deepEqual(vpn, {
      toCIDRSet: [{ cidr: "198.51.100.7/32" }],
      toPorts: [{ ports: [{ port: "51820", protocol: "UDP" }] }],
    });
    assert.deepEqual(more, []);
  });

  it("is asked by the LAN's gateway and by those that look after the library alone", () => {
    const into = JSON.stringify(rules(appsSite(), "qbittorrent", "media", "ingress"));
    for (const name of ["sonarr", "radarr", "owning-gateway-name"])
      assert.ok(into.includes(name), name);
    assert.ok(!into.includes("bazarr") && !into.includes('"world"'));
    const alone = appsSite({ "apps.sonarr": undefined, "apps.radarr": undefined });
    assert.ok(!JSON.stringify(rules(alone, "qbittorrent", "media", "ingress")).includes("sonarr"));
  });

  it("asks for names through the tunnel, which is up before it starts", async () => {
    const recording = await recordedHome(appsSite());
    const pod = at(recording.get("qbittorrent-deployment").shown, "spec.template.spec");
    assert.deepEqual(at(pod, "dnsPolicy"), "None");
    assert.deepEqual(at(pod, "dnsConfig.nameservers"), ["127.0.0.1"]);
    assert.equal(at(pod, "initContainers[1].restartPolicy"), "Always");
    assert.deepEqual(at(pod, "initContainers[1].startupProbe.exec.command"), [
      ...["/gluetun-entrypoint", "healthcheck"],
    ]);
    const told = environment(recording, "qbittorrent", "initContainers[1]");
    assert.equal(told["WIREGUARD_ENDPOINT_IP"], "198.51.100.7");
    assert.equal(told["FIREWALL_INPUT_PORTS"], "8080");
    assert.equal(told["WIREGUARD_PRIVATE_KEY"], undefined);
  });

  it("gives gluetun the key that both ends share, where the provider has one", async () => {
    const key = "op://Homelab/VPN/preshared-key";
    const recording = await recordedHome(appsSite({ "apps.qbittorrent.vpn.presharedKey": key }));
    assert.deepEqual(recording.get("qbittorrent-vpn").plain["stringData"], {
      WIREGUARD_PRIVATE_KEY: "value-of-op://Homelab/VPN/private-key",
      WIREGUARD_PRESHARED_KEY: `value-of-${key}`,
    });
  });

  it("has a tunnel again after gluetun was killed, whose rules stay in the pod's network", async () => {
    const recording = await recordedHome(appsSite());
    const pod = at(recording.get("qbittorrent-deployment").shown, "spec.template.spec");
    const [shell, option, script] = at(pod, "initContainers[1].command") as readonly string[];
    assert.deepEqual([shell, option], ["/bin/sh", "-c"]);
    assert.match(
      script ?? "",
      /^ip rule del table 51820 .*; ip -6 rule del table 51820 .*; exec \/gluetun-entrypoint$/,
    );
  });
});

describe("Plex", () => {
  it("tells its clients where it is: at its own address, and by its names", async () => {
    const recording = await recordedHome(appsSite());
    assert.equal(
      environment(recording, "plex")["PLEX_ADVERTISE_URL"],
      "https://plex.home.arpa:443,http://10.96.0.20:32400",
    );
    assert.ok(recording.waitsFor("plex-deployment").has("plex-balancer"));
    const exposed = siteExposure(homeConfig(appsSite())).find(({ host }) =>
      host.startsWith("10.96.0.20"),
    );
    const names = { grafanaPassword: "op://Homelab/Grafana/password", names: {} };
    const asked = siteProbes(homeConfig(appsSite({ monitoring: names }))).map(({ host }) => host);
    assert.ok(asked.includes("plex.home.arpa") && !asked.some((host) => host.startsWith("10.96")));
    assert.deepEqual(
      [exposed?.host, exposed?.to, exposed?.protocol, exposed?.backend],
      ["10.96.0.20:32400", "lan", "tcp", "plex"],
    );
  });

  it("has time to bring its database to a new version, which it answers 503 for", async () => {
    const recording = await recordedHome(appsSite());
    const main = at(recording.get("plex-deployment").shown, "spec.template.spec.containers[0]");
    assert.deepEqual(
      [at(main, "startupProbe.periodSeconds"), at(main, "startupProbe.failureThreshold")],
      [5, 300],
    );
  });

  it("has no address of its own unless the site gives it one, and lets nobody in by it then", async () => {
    const changes = appsSite({ "apps.plex.address": undefined });
    assert.equal((await recordedHome(changes)).find("plex-balancer"), undefined);
    assert.ok(!JSON.stringify(rules(changes, "plex", "media", "ingress")).includes('"world"'));
    assert.ok(JSON.stringify(rules(appsSite(), "plex", "media", "ingress")).includes('"world"'));
  });
});

describe("Immich", () => {
  it("is told its stores by the names that it looks for", async () => {
    const recording = await recordedHome(appsSite());
    const settings = recording.get("immich-settings").plain["stringData"] as object;
    assert.deepEqual(Object.keys(settings).sort(), [
      ...["DB_DATABASE_NAME", "DB_HOSTNAME", "DB_PASSWORD", "DB_PORT", "DB_USERNAME"],
      ...["REDIS_HOSTNAME", "REDIS_PASSWORD", "REDIS_PORT"],
    ]);
    assert.equal(environment(recording, "immich")["DB_VECTOR_EXTENSION"], "vectorchord");
  });

  it("asks its machine learning where the site has it, and else has none", async () => {
    const told = environment(await recordedHome(appsSite()), "immich");
    assert.equal(
      told["IMMICH_MACHINE_LEARNING_URL"],
      "http://immich-machine-learning.immich-machine-learning.svc:3003",
    );
    const without = appsSite({ "apps.immich-machine-learning": undefined });
    const alone = environment(await recordedHome(without), "immich");
    assert.equal(alone["IMMICH_MACHINE_LEARNING_ENABLED"], "false");
    assert.equal(alone["IMMICH_MACHINE_LEARNING_URL"], undefined);
  });

  it("keeps what its machine learning writes in a volume, and has it write nothing else", async () => {
    const told = environment(await recordedHome(appsSite()), "immich-machine-learning");
    assert.equal(told["GUNICORN_CMD_ARGS"], "--no-control-socket");
    assert.deepEqual(
      ["HOME", "TRANSFORMERS_CACHE", "MPLCONFIGDIR", "HF_XET_CACHE"].filter(
        (name) => !/^\/cache(?:\/|$)/.test(told[name] ?? ""),
      ),
      [],
    );
  });

  it("takes machine learning of its release, whatever the digest and the build", () => {
    for (const version of ["v3.1.0", `v3.1.0@sha256:${"ab".repeat(32)}`]) {
      const learning = { "apps.immich-machine-learning.version": version };
      assert.deepEqual(crossCheck(homeConfig(appsSite(learning)), "home"), []);
    }
    assert.equal(releaseOf(`v3.1.0-openvino@sha256:${"ab".repeat(32)}`), "v3.1.0");
  });

  it("says where Cloudflare's limit bites: at public names alone", () => {
    const notices = appNotices(homeConfig(appsSite()));
    assert.match(notices.join("\n"), /^photos\.example\.net takes no upload above 100 MB/);
    const expose = [{ host: "photos.home.arpa", to: "lan" }];
    assert.deepEqual(appNotices(homeConfig(appsSite({ "apps.immich.expose": expose }))), []);
  });

  it("is held to what is known of its release and VectorChord, and told where nothing is", () => {
    assert.equal(
      vectorChordIn("ghcr.io/tensorchord/cloudnative-vectorchord:18.4-1.1.1@sha256:ab"),
      "1.1.1",
    );
    assert.equal(vectorChordIn("ghcr.io/cloudnative-pg/postgresql:18.4"), undefined);
    assert.equal(fits("v3.1.0", "1.1.1").ok, true);
    assert.equal(fits("v3.1.0", "2.0.0").ok, false);
    assert.equal(fits("v3.1.0", "0.2.9").ok, false);
    assert.equal(fits("v9.0.0", "1.1.1").known, false);
    const version = "v9.0.0";
    const both = { "apps.immich.version": version, "apps.immich-machine-learning": { version } };
    const later = homeConfig(appsSite(both));
    assert.deepEqual(crossCheck(later, "home"), []);
    assert.match(
      appNotices(later).join("\n"),
      /whether Immich v9\.0\.0 takes VectorChord 1\.1\.1 is not known here/,
    );
  });
});

describe("Seerr", () => {
  it("is asked for what it knows itself: whether GitHub answers is nothing to its probes", async () => {
    const recording = await recordedHome(appsSite());
    const main = at(recording.get("seerr-deployment").shown, "spec.template.spec.containers[0]");
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"])
      assert.equal(at(main, `${probe}.httpGet.path`), "/api/v1/settings/public");
  });
});

describe("Sonarr and its like", () => {
  it("keep their database in Postgres where they log in, and no log beside it", async () => {
    const recording = await recordedHome(appsSite());
    assert.deepEqual(environment(recording, "sonarr"), {
      SONARR__SERVER__PORT: "8989",
      SONARR__LOG__DBENABLED: "False",
    });
    assert.deepEqual(environment(recording, "radarr"), { RADARR__SERVER__PORT: "7878" });
    const settings = recording.get("sonarr-settings").plain["stringData"];
    assert.equal(at(settings, "SONARR__POSTGRES__MAINDB"), "series");
  });

  it("ask each other across namespaces, where both are there", () => {
    const out = JSON.stringify(rules(appsSite(), "prowlarr", "prowlarr", "egress"));
    assert.match(
      out,
      /"app\.kubernetes\.io\/name":"sonarr","k8s:io\.kubernetes\.pod\.namespace":"media"|"k8s:io\.kubernetes\.pod\.namespace":"media","app\.kubernetes\.io\/name":"sonarr"/,
    );
    const alone = appsSite({ "apps.sonarr": undefined });
    assert.ok(!JSON.stringify(rules(alone, "prowlarr", "prowlarr", "egress")).includes("sonarr"));
  });
});

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { judgeDataLoss } from "../../../stacks/data-loss/look.ts";
import { exposurePage } from "../../../stacks/exposure/page.ts";
import { openNames, siteExposure } from "../../../stacks/exposure/table.ts";
import { siteProbes } from "../../../stacks/parts/monitoring/probes.ts";
import { isNamed, siteViews } from "../../../stacks/parts/names/list.ts";
import { pushBody } from "../../../stacks/parts/tesla/fleet.ts";
import { siteSecrets } from "../../../stacks/schema.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { homeConfig } from "./sample.ts";
import { keyPair, teslaDeps, teslaSite } from "./tesla-site.ts";

const config = homeConfig(teslaSite());
const tesla = config.tesla ?? assert.fail();

describe("a site's telemetry of Tesla vehicles", () => {
  it("is not there where nobody asked for it, and is taken where somebody did", () => {
    assert.equal(homeConfig().tesla, undefined);
    assert.deepEqual(crossCheck(config, "home"), []);
    assert.equal(tesla.address, "10.96.0.83");
  });

  it("has topics before it has records, and users for exactly these", () => {
    const { topics = {}, users = {} } = config.kafka?.clusters["main"] ?? {};
    assert.deepEqual(Object.keys(topics), [
      ...["tesla_V", "tesla_alerts", "tesla_errors", "tesla_connectivity"],
    ]);
    assert.deepEqual(users["tesla"]?.writes, Object.keys(topics));
    assert.deepEqual(users["tesla"].reads, []);
    assert.deepEqual(users["tesla-metrics"]?.reads, ["tesla_V", "tesla_connectivity"]);
    assert.deepEqual(users["tesla-metrics"].writes, []);
  });

  it("leaves a topic as Kafka's own section has it", () => {
    const kafka = { clusters: { main: { topics: { tesla_V: { keepHours: 8760 } } } } };
    const { topics } =
      homeConfig({ ...teslaSite(), kafka }).kafka?.clusters["main"] ?? assert.fail();
    assert.equal(topics["tesla_V"]?.keepHours, 8760);
    assert.equal(topics["tesla_alerts"]?.keepHours, 168);
  });

  it("leads the internet home past Cloudflare, and the LAN to the server itself", () => {
    assert.ok(isNamed(config));
    const { public: open, lan } = siteViews(config);
    const of = (name: string) => open.find((one) => one.name === name)?.place;
    assert.deepEqual(of("telemetry.example.net"), { address: "203.0.114.7", proxied: false });
    assert.equal(of("tesla.example.net"), "tunnel");
    assert.equal(lan.find(({ name }) => name === "telemetry.example.net")?.address, "10.96.0.83");
  });

  it("is in the table with the port that is forwarded, and said aloud", () => {
    const page = exposurePage("home", siteExposure(config));
    assert.match(
      page,
      /telemetry\.example\.net.*the internet.*by port 443 that your router forwards to 10\.96\.0\.83.*everybody, without Access/,
    );
    assert.match(page, /tesla\.example\.net.*paths below `\/\.well-known\/appspecific/);
    assert.deepEqual(
      openNames(config).map(({ host }) => host),
      ["telemetry.example.net", "tesla.example.net"],
    );
  });

  it("lets vehicles in at one port, and reaches Kafka, and Tesla from a push alone", () => {
    const [policy] = networkPolicies(policyPlan(config)).filter(
      ({ name }) => name === "homelab-tesla",
    );
    const of = (app: string, direction: "egress" | "ingress") =>
      JSON.stringify(
        (policy?.specs ?? [])
          .filter(({ endpointSelector: { matchLabels } }) =>
            Object.values(matchLabels).includes(app),
          )
          .map((spec) => spec[direction]),
      );
    assert.match(of("fleet-telemetry", "ingress"), /"world".*"8443"/);
    assert.match(of("fleet-telemetry", "egress"), /main-kafka.*"9092"/);
    assert.match(of("tesla-metrics", "egress"), /main-kafka.*"9092"/);
    assert.match(of("tesla-push", "egress"), /fleet-api\.prd\.na\.vn\.cloud\.tesla\.com/);
    assert.ok(!/tesla\.com/.test(of("fleet-telemetry", "egress") + of("tesla-metrics", "egress")));
  });

  it("is asked behind the router's port, where names are watched", () => {
    const watched = homeConfig({
      ...teslaSite(),
      monitoring: { grafanaPassword: "op://Homelab/Grafana/password", names: {} },
    });
    const probes = siteProbes(watched).filter(({ host }) => host.endsWith("example.net"));
    assert.deepEqual(
      probes
        .filter(({ host }) => /^te(lemetry|sla)\./.test(host))
        .map(({ side, module, target }) => [side, module, target]),
      [
        ["inside", "tls", "10.96.0.83:443"],
        [
          ...["outside", "visitor"],
          "https://tesla.example.net/.well-known/appspecific/com.tesla.3p.public-key.pem",
        ],
      ],
    );
    const [policy] = networkPolicies(policyPlan(watched)).filter(
      ({ name }) => name === "homelab-tesla",
    );
    assert.match(JSON.stringify(policy?.specs), /name-prober/);
  });

  it("tells vehicles what Tesla's interface takes", () => {
    assert.deepEqual(pushBody(tesla, "authorities"), {
      vins: ["5YJ30000000000001"],
      config: {
        ...{ hostname: "telemetry.example.net", port: 443, ca: "authorities" },
        fields: {
          Soc: { interval_seconds: 300 },
          OutsideTemp: { interval_seconds: 600, minimum_delta: 1, resend_interval_seconds: 3600 },
        },
        ...{ alert_types: ["service"], prefer_typed: true, delivery_policy: "latest" },
      },
    });
  });

  it("does not lose records because nobody names them any more", () => {
    const known = knownOf([
      {
        type: "kubernetes:kafka.strimzi.io/v1:KafkaTopic",
        outputs: {
          metadata: { namespace: "kafka", name: "main.tesla-v" },
          spec: { topicName: "tesla_V" },
        },
      },
    ]);
    const problems = (changes: object) =>
      judgeDataLoss(homeConfig({ ...teslaSite(), ...changes }), known).problems;
    assert.deepEqual(problems({}), []);
    assert.match(problems({ tesla: undefined })[0]?.text ?? "", /tesla_V .*kafka\/main\/tesla_V/);
  });
});

describe("the graph of a site with telemetry of Tesla vehicles", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(teslaSite(), teslaDeps());
  });
  const order = (name: string) => recording.waitsFor(name);

  it("goes from topics and certificate to the server, and from there to its proof", () => {
    const server = order("fleet-telemetry-deployment");
    assert.ok(server.has("kafka-main-topic-tesla_V"));
    assert.ok(server.has("kafka-main-ready-command"));
    assert.ok(server.has("tesla-certificates-command"));
    assert.ok(server.has("fleet-telemetry-files"));
    assert.ok(order("tesla-takes-vehicles-command").has("fleet-telemetry-deployment"));
    assert.ok(order("tesla-metrics-deployment").has("kafka-main-ready-command"));
  });

  it("shows the public key and nothing else of its name, without Access", () => {
    const [key] = recording.resources.filter(({ name }) => name === "tesla-key-answer");
    assert.equal(at(key?.plain, "spec.directResponse.body.inline"), keyPair.publicKey);
    const rules = at(recording.get("home-rules").plain, "config.ingresses") as Record<
      string,
      unknown
    >[];
    assert.deepEqual(
      rules.filter(({ hostname }) => hostname === "tesla.example.net"),
      [
        {
          hostname: "tesla.example.net",
          service: "http://envoy-public.envoy-gateway-system.svc.cluster.local:80",
          path: "^/\\.well-known/appspecific/com\\.tesla\\.3p\\.public-key\\.pem$",
        },
      ],
    );
    assert.equal(recording.find("tesla.example.net-application"), undefined);
    const route = recording.get("tesla-key-route-route").plain;
    assert.deepEqual(at(route, "spec.rules[0].filters[0].extensionRef.kind"), "HTTPRouteFilter");
    assert.ok(order("tesla.example.net-record").has("tesla-key-route-accepted-command"));
  });

  it("has a record for vehicles that leads home", () => {
    const record = recording.get("telemetry.example.net-record").plain;
    assert.deepEqual(
      [at(record, "type"), at(record, "content"), at(record, "proxied")],
      ["A", "203.0.114.7", false],
    );
  });

  it("gives the private key to nobody, and shows no password", () => {
    const all = JSON.stringify(recording.resources.map(({ plain }) => plain));
    assert.ok(!all.includes(keyPair.privateKey.split("\n")[1] ?? "none"));
    assert.ok(!all.includes("value-of-op://Homelab/Tesla/client-secret"));
    const config = at(recording.get("fleet-telemetry-files").plain, "stringData") as Record<
      string,
      string
    >;
    const { kafka } = JSON.parse(config["config.json"] ?? "") as { kafka: Record<string, string> };
    const password = kafka["sasl.password"] ?? assert.fail();
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(password.length > 8 && !shown.includes(password));
  });
});

describe("the private key of a site's Tesla application", () => {
  const use = siteSecrets(config).find(({ path }) => path === "homelab:tesla.key.privateKey");
  const takes = (text: string): boolean | undefined => use?.form?.pattern.test(text);
  const pem = (namedCurve: string, type: "sec1" | "pkcs8") =>
    generateKeyPairSync("ec", {
      namedCurve,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type, format: "pem" },
    }).privateKey;

  it("is looked at when it is read, before anything is changed", () => {
    for (const type of ["sec1", "pkcs8"] as const) {
      assert.equal(takes(pem("prime256v1", type)), true);
      for (const curve of ["secp256k1", "secp384r1", "secp521r1"])
        assert.equal(takes(pem(curve, type)), false, `${curve} ${type}`);
    }
    assert.equal(takes(keyPair.publicKey), false);
    assert.equal(takes("canary"), false);
  });
});

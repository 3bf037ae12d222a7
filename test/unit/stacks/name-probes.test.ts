import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { proberConfig } from "../../../components/monitoring/probes/config.ts";
import { probeObject, type NameProbe } from "../../../components/monitoring/probes/plan.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { siteProbes } from "../../../stacks/parts/monitoring/probes.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { closed, violations, type Schema } from "../components/json-schema.ts";
import { homeConfig, type Changes } from "./sample.ts";

const watched = (names: object = {}): Changes => ({
  monitoring: { grafanaPassword: "op://Homelab/Grafana/password", names },
});
const inside = {
  "gateway.internal.enabled": true,
  "gateway.internal.address": "100.101.102.103",
};
const route = { namespace: "photos", service: "photos", port: 80 };
const everyKind: Changes = {
  ...inside,
  "apps.typeo.expose": [
    { host: "typeo.home.arpa", to: "lan" },
    { host: "typeo.example.net", to: "lan" },
    { host: "play.home.arpa", to: "tailnet" },
    { host: "open.example.net", to: "public", withoutAccess: "a game for everybody" },
  ],
  "gateway.lan.listeners": [
    { name: "mqtt", port: 1883, protocol: "tcp" },
    { name: "clock", port: 1123, protocol: "udp" },
    { name: "logs", port: 6514, protocol: "tls" },
  ],
  "gateway.routes": {
    api: { ...route, hostnames: ["photos.home.arpa"], path: "/api" },
    photos: { ...route, hostnames: ["photos.home.arpa"] },
    plain: { ...route, hostnames: ["plain.home.arpa"], listener: "http" },
    mqtt: { ...route, kind: "tcp", listener: "mqtt", port: 1883 },
    clock: { ...route, kind: "udp", listener: "clock", port: 123 },
    logs: { ...route, kind: "tls", listener: "logs", hostnames: ["logs.home.arpa"], port: 6514 },
  },
};
const probes = (changes: Changes = {}, names: object = {}) =>
  siteProbes(homeConfig({ ...watched(names), ...changes }));
const asked = (all: readonly NameProbe[]) =>
  all.map(({ as, module, target, hostname }) =>
    [as, module, target, ...(hostname === undefined ? [] : [hostname])].join(" "),
  );

describe("what is asked of a site's names", () => {
  it("is nothing where nobody wants it", () => {
    const { monitoring } = watched();
    const config = homeConfig({ monitoring: { ...(monitoring as object), names: undefined } });
    assert.deepEqual(siteProbes(config), []);
    assert.deepEqual(siteProbes(homeConfig()), []);
  });

  it("is what a stranger gets at a name with Access, and what a program gets by its token", () => {
    assert.deepEqual(asked(probes()), ["stranger stranger https://typeo.example.net/"]);
    assert.deepEqual(asked(probes({}, { serviceToken: "monitoring" })), [
      "stranger stranger https://typeo.example.net/",
      "program program https://typeo.example.net/",
    ]);
  });

  it("looks for Access' login where people may pass, and for a refusal where programs alone do", () => {
    const programs = {
      "edge.access.programs": { serviceTokens: ["monitoring"] },
      "apps.typeo.access": ["programs"],
    };
    assert.deepEqual(asked(probes(programs)), [
      "stranger stranger-refused https://typeo.example.net/",
    ]);
  });

  it("leaves the token at home where a name's policies do not let it pass", () => {
    const changes = {
      "edge.access.others": { emailDomains: ["example.org"] },
      "apps.typeo.access": ["others"],
    };
    assert.deepEqual(asked(probes(changes, { serviceToken: "monitoring" })), [
      "stranger stranger https://typeo.example.net/",
    ]);
  });

  it("is every name for everybody, by the way and the certificate that it has", () => {
    const lan = "10.96.0.80";
    const internal = "envoy-internal.envoy-gateway-system.svc.cluster.local";
    assert.deepEqual(asked(probes(everyKind)), [
      "stranger stranger https://typeo.example.net/",
      `visitor https-own https://${lan}/ typeo.home.arpa`,
      `visitor https https://${lan}/ typeo.example.net`,
      `visitor https-own https://${internal}/ play.home.arpa`,
      "visitor visitor https://open.example.net/",
      `visitor https-own https://${lan}/api photos.home.arpa`,
      `visitor https-own https://${lan}/ photos.home.arpa`,
      `visitor http http://${lan}/ plain.home.arpa`,
      `visitor tcp ${lan}:1883`,
      `visitor tls ${lan}:6514 logs.home.arpa`,
    ]);
  });

  it("verifies nothing of an authority that no device trusts", () => {
    const [, , public_] = probes({ ...everyKind, "certificates.staging": true });
    assert.deepEqual([public_?.host, public_?.module], ["typeo.example.net", "https-unverified"]);
  });

  it("is asked at another path where the site file says so, and not at all of some", () => {
    const names = { paths: { "typeo.example.net": "/healthz" }, except: ["open.example.net"] };
    const targets = asked(probes(everyKind, names));
    assert.ok(targets.includes("stranger stranger https://typeo.example.net/healthz"));
    assert.ok(!targets.some((text) => text.includes("open.example.net")));
  });

  it("are objects that the API server takes as they are, each with a name of its own", () => {
    const file = new URL("../components/schemas/probe.json", import.meta.url);
    const schema = closed(JSON.parse(readFileSync(file, "utf8")) as Schema);
    const all = probes(everyKind, { serviceToken: "monitoring" });
    for (const probe of all)
      assert.deepEqual(violations(schema, probeObject(probe, "cluster.local")), [], probe.name);
    const labels = all.map((probe) => {
      const { staticConfig } = probeObject(probe, "cluster.local").spec.targets;
      return JSON.stringify([staticConfig.labels, staticConfig.relabelingConfigs]);
    });
    assert.deepEqual(labels, [...new Set(labels)]);
    const names = all.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
    for (const name of names) assert.match(name, /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/);
  });
});

describe("the answers of names", () => {
  const modules = (side: "inside" | "outside") => proberConfig(side, "homelab").modules;

  it("are judged by modules that the prober of that side has", () => {
    for (const { side, module } of probes(everyKind, { serviceToken: "monitoring" }))
      assert.ok(modules(side)[module], `${side} has no ${module}`);
  });

  it("let a stranger be sent to the login of this team alone", () => {
    const [match] = at(modules("outside").stranger, "http.fail_if_header_not_matches") as [
      { header: string; regexp: string },
    ];
    const login = new RegExp(match.regexp);
    assert.equal(match.header, "Location");
    assert.ok(login.test("https://homelab.cloudflareaccess.com/cdn-cgi/access/login/x?kid=1"));
    assert.ok(!login.test("https://typeo.example.net/login"));
    assert.ok(!login.test("https://homelab.cloudflareaccess.com.example.org/"));
  });

  it("are Access' login and nothing else to a stranger where people may pass", () => {
    const { stranger, "stranger-refused": refused } = modules("outside");
    assert.deepEqual(at(stranger, "http.valid_status_codes"), [302]);
    assert.equal(at(stranger, "http.fail_if_header_not_matches[0].allow_missing"), false);
    assert.deepEqual(at(refused, "http.valid_status_codes"), [302, 401, 403]);
    assert.equal(at(refused, "http.fail_if_header_not_matches[0].allow_missing"), true);
  });

  it("are none of Access' where a program asks, whose token stands in files alone", () => {
    const { program } = modules("outside");
    const codes = at(program, "http.valid_status_codes") as readonly number[];
    assert.ok(codes.includes(200) && !codes.includes(403));
    assert.ok(Array.isArray(at(program, "http.fail_if_header_matches")));
    assert.deepEqual(at(program, "http.http_headers.CF-Access-Client-Secret"), {
      files: ["/etc/access/client-secret"],
    });
  });

  it("are not those by which proxies say that nothing stands behind a name", () => {
    for (const [name, module] of Object.entries({ ...modules("inside"), ...modules("outside") })) {
      const codes = (at(module, "http.valid_status_codes") ?? []) as readonly number[];
      assert.ok(!codes.some((code) => code === 404 || code >= 500), name);
    }
  });
});

describe("who asks for a site's names", () => {
  const specs = (changes: Changes, names: object = {}) =>
    networkPolicies(policyPlan(homeConfig({ ...watched(names), ...changes })))
      .find(({ name }) => name === "homelab-monitoring")
      ?.specs.filter(({ endpointSelector }) =>
        JSON.stringify(endpointSelector).includes("name-prober"),
      ) ?? [];

  it("reaches the gateways' listeners from inside, and nothing of the internet", () => {
    const [spec] = specs(
      { ...everyKind, "apps.typeo.hostname": undefined, edge: undefined },
      {},
    ).filter(({ endpointSelector }) =>
      JSON.stringify(endpointSelector).endsWith('"name-prober"}}'),
    );
    const egress = JSON.stringify(spec?.egress);
    for (const port of ["10443", "10080", "1883", "6514"]) assert.ok(egress.includes(port), port);
    assert.ok(!egress.includes("toCIDR") && !egress.includes("toEntities"));
  });

  it("reaches the internet from outside, and nothing of the site", () => {
    const [spec] = specs({}).filter(({ egress }) => egress !== undefined);
    const egress = JSON.stringify(spec?.egress);
    assert.match(egress, /1\.1\.1\.1\/32/);
    assert.match(egress, /"0\.0\.0\.0\/0","except":\[[^\]]*"10\.0\.0\.0\/8"/);
    assert.ok(!egress.includes("toEndpoints"));
  });

  it("is let in by the proxies of the gateways", () => {
    const gateway = networkPolicies(policyPlan(homeConfig({ ...watched(), ...everyKind }))).find(
      ({ name }) => name === "homelab-envoy-gateway-system",
    );
    assert.match(JSON.stringify(gateway?.specs), /"name-prober"/);
  });
});

describe("the graph of a site whose names are watched", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async function () {
    this.timeout(60_000);
    recording = await recordedHome({ ...watched({ serviceToken: "monitoring" }), ...everyKind });
  });

  it("has a program for each side, which comes after the kinds and goes before them", () => {
    for (const side of ["inside", "outside"]) {
      const order = recording.waitsFor(`home-name-probes-${side}-deployment`);
      assert.ok(order.has("kube-prometheus-stack"), side);
    }
    const probe = recording.waitsFor("probe-program-public-typeo.example.net");
    assert.ok(probe.has("prometheus-operator-crds"));
  });

  it("gives the token to the program outside alone, and shows it to nobody", () => {
    const { stringData } = recording.get("home-name-probes-token").shown as Record<string, unknown>;
    assert.ok(!JSON.stringify(stringData ?? "").includes("client-id-of"));
    const volumes = (side: string) =>
      JSON.stringify(
        at(
          recording.get(`home-name-probes-${side}-deployment`).plain,
          "spec.template.spec.volumes",
        ),
      );
    assert.match(volumes("outside"), /"secretName":"name-prober-outside"/);
    assert.ok(!volumes("inside").includes("secret"));
    assert.match(volumes("inside"), /"internal-ca"/);
  });

  it("asks resolvers of the internet where public names are", () => {
    const pod = at(
      recording.get("home-name-probes-outside-deployment").plain,
      "spec.template.spec",
    );
    assert.equal(at(pod, "dnsPolicy"), "None");
    assert.deepEqual(at(pod, "dnsConfig.nameservers"), ["1.1.1.1", "9.9.9.9"]);
  });

  it("has alerts on names, and one for when nobody asks them", () => {
    const { spec } = recording.get("home-monitoring-rules").plain as { spec: unknown };
    const text = JSON.stringify(spec);
    assert.match(text, /NameDown/);
    assert.match(text, /NameOpen/);
    assert.match(text, /absent\(up\{job=\\"names\\"\}\)/);
  });
});

import assert from "node:assert/strict";
import { envoyGateway } from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApi } from "../../../components/definitions/gateway-api.ts";
import { gatewayValues } from "../../../components/gateway/gateway-values.ts";
import { listenerConflict, type Listener } from "../../../components/gateway/listeners.ts";
import { backendTrafficSpec, securitySpec } from "../../../components/gateway/policies.ts";
import { httpRouteSpec } from "../../../components/gateway/routes.ts";
import { endpointsOf } from "../../../components/edge/open-id.ts";
import { signedOn } from "../../../components/gateway/sign-on.ts";
import type { Recorded, Recording } from "../../recorder.ts";
import { at } from "./at.ts";
import { judge, type SeenObject } from "./definition-schema.ts";
import { envoyVersion, everything, policiesAndRoutes } from "./gateway-objects.ts";
import { recordedHome } from "./home-recording.ts";
import { violations } from "./json-schema.ts";
import { valuesSchema } from "./lab-schema.ts";

/** Judges an object by its definition; reading them all takes seconds. */
let problems: (object: SeenObject) => readonly string[];
before(async () => {
  problems = await judge([gatewayApi("v1.6.1"), envoyGateway("v1.9.1")]);
});
const registered = async (changes: Record<string, unknown>): Promise<readonly Recorded[]> =>
  (await recordedHome(changes)).resources;

describe("a site's gateways", () => {
  let whole: Recording;
  before(async () => {
    whole = await recordedHome(everything);
  });

  it("show names of routes to the internet through tunnel and Access, as applications", () => {
    const rules = whole.get("home-rules").shown["config"] as {
      readonly ingresses: readonly { readonly hostname?: string; readonly service: string }[];
    };
    const rule = rules.ingresses.find(({ hostname }) => hostname === "photos.example.net");
    assert.deepEqual(rule, {
      hostname: "photos.example.net",
      service: "http://envoy-public.envoy-gateway-system.svc.cluster.local:80",
      originRequest: {
        access: {
          required: true,
          teamName: "homelab",
          audTags: ["aud of photos.example.net-application"],
        },
      },
    });
    assert.equal(whole.get("photos.example.net-record").shown["type"], "CNAME");
    assert.deepEqual(whole.get("photos.example.net-application").shown["policies"], [
      { id: "home-access-family-policy-id", precedence: 1 },
      { id: "home-access-family-programs-id", precedence: 2 },
    ]);
    assert.ok(whole.waitsFor("photos.example.net-record").has("home-gateways-ready-command"));
  });

  it("are objects that their definitions know, field by field", () => {
    const groups = new Set(["gateway.networking.k8s.io", "gateway.envoyproxy.io"]);
    const objects = whole.resources
      .map(({ plain }) => plain as Partial<SeenObject>)
      .filter(({ apiVersion = "" }) => groups.has(apiVersion.split("/")[0] ?? ""));
    const kinds = objects.map(({ kind }) => kind);
    assert.deepEqual([...new Set(kinds)].sort(), [
      ...["BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyProxy", "Gateway"],
      ...["GatewayClass", "HTTPRoute", "ReferenceGrant", "SecurityPolicy"],
      ...["TCPRoute", "TLSRoute", "UDPRoute"],
    ]);
    assert.deepEqual(
      objects.flatMap((object) => problems(object as SeenObject)),
      [],
    );
  });

  it("have HTTPS for each domain with a wildcard, to which HTTP leads, and none towards cloudflared", () => {
    const all = whole.resources;
    const listeners = (name: string): readonly Listener[] => {
      const found = all.find((one) => one.name === `gateway-${name}`);
      return (found?.plain["spec"] as { listeners: readonly Listener[] }).listeners;
    };
    assert.deepEqual(
      listeners("lan").map(({ name, port }) => `${name} ${port}`),
      [
        ...["http 80", "https-example-net 443", "https-home-arpa 443"],
        ...["kafka 9093", "mqtt 1883", "syslog 514"],
      ],
    );
    assert.deepEqual(listeners("lan")[2]?.tls?.certificateRefs, [
      { kind: "Secret", group: "", namespace: "certificates", name: "home-arpa-tls" },
    ]);
    assert.deepEqual(
      listeners("public").map(({ name }) => name),
      ["http"],
    );
    const redirects = all
      .filter(({ name }) => /^gateway-.*-redirect$/.test(name))
      .map(({ name }) => name);
    assert.deepEqual(redirects.sort(), ["gateway-internal-redirect", "gateway-lan-redirect"]);
  });

  it("leave an escaped slash in a path as it is, and have one policy for clients each", () => {
    const policies = whole.resources
      .map(({ plain }) => plain as unknown as SeenObject)
      .filter(({ kind }) => kind === "ClientTrafficPolicy");
    const seen = policies.map(({ spec }) => [
      at(spec as object, "targetRefs[0].name"),
      at(spec as object, "path.escapedSlashesAction"),
      at(spec as object, "clientIPDetection.xForwardedFor.trustedCIDRs"),
    ]);
    assert.deepEqual(seen.sort(), [
      ["internal", "KeepUnchanged", undefined],
      ["lan", "KeepUnchanged", undefined],
      ["public", "KeepUnchanged", ["10.42.0.0/16"]],
    ]);
  });

  it("answer for no route in the clear, unless it says so or there is no HTTPS", async function () {
    // It deploys a site many times, which a busy machine takes its time for.
    this.timeout(120_000);
    const sections = async (changes: Record<string, unknown>): Promise<unknown> => {
      const all = await registered({ ...structuredClone(everything), ...changes });
      const spec = (name: string) =>
        all.find((one) => one.name === `route-${name}-route`)?.plain["spec"];
      const { parentRefs } = spec("photos") as { parentRefs: { sectionName?: string }[] };
      return parentRefs.map(({ sectionName }) => sectionName);
    };
    assert.deepEqual(await sections({}), ["https-home-arpa"]);
    const both = ["photos.home.arpa", "photos.example.net"];
    assert.deepEqual(await sections({ "gateway.routes.photos.hostnames": both }), [
      "https-example-net",
      "https-home-arpa",
    ]);
    assert.deepEqual(await sections({ "gateway.routes.photos.listener": "http" }), ["http"]);
    assert.deepEqual(await sections({ "certificates.enabled": false }), [undefined]);
  });

  it("come after their kinds, the pods' network and the certificates; routes come after the gateways", () => {
    const waits = (name: string, ...wanted: readonly string[]): void => {
      const found = whole.waitsFor(name);
      for (const step of wanted) assert.ok(found.has(step), `${name} does not wait for ${step}`);
    };
    waits("envoy-gateway", "gateway-api-definitions-command", "home-ready-command");
    waits("gateway-class", "envoy-gateway-definitions-command");
    waits("home-gateways-ready-command", "gateway-certificates", "gateway-lan");
    waits("route-photos-route", "home-gateways-ready-command");
  });

  it("have a public name resolve once its route is accepted, and rules demand Access once cloudflared may ask it", () => {
    const waits = whole.waitsFor("photos.example.net-record");
    assert.ok(waits.has("route-shared-accepted-command"));
    assert.ok(!waits.has("route-photos-accepted-command"));
    assert.ok(whole.waitsFor("home-rules").has("home-policies-command"));
  });

  it("go before the tailnet's operator, which alone lets go of the Service of the one for the tailnet", async () => {
    const operator = "tailscale-operator";
    const waiting = whole.waitsFor("home-gateway-namespace");
    assert.ok(waiting.has(operator), "the namespace would never end");
    const without = await recordedHome({ ...everything, "gateway.internal.enabled": false });
    assert.ok(!without.waitsFor("home-gateway-namespace").has(operator));
  });

  it("leave nothing but the definitions' owner where the part is off", async () => {
    const all = await registered({ "gateway.enabled": false, monitoring: undefined });
    assert.deepEqual(
      all.filter(({ name }) => /gateway|envoy/.test(name)).map(({ name }) => name),
      [],
    );
  });
});

describe("Envoy Gateway's chart", () => {
  it("takes the values that the program gives it, and brings no kinds", () => {
    const schema = valuesSchema("gateway-helm");
    for (const redis of [undefined, "redis:6379"]) {
      const values = gatewayValues({ replicas: 2, clusterDomain: "cluster.local", redis });
      assert.deepEqual(violations(schema, values), []);
      assert.deepEqual(values.crds, { enabled: false });
    }
  });
});

describe("policies and routes", () => {
  for (const object of policiesAndRoutes)
    it(`have fields that ${object.kind} knows`, () => {
      assert.deepEqual(problems(object), []);
    });

  it("with a name that is written wrong are found out", () => {
    const found = problems({
      ...{ apiVersion: envoyVersion, kind: "SecurityPolicy" },
      spec: { authorisation: {} },
    });
    assert.deepEqual(found, ["$.spec.authorisation: is not known"]);
  });
});

describe("a limit of requests", () => {
  const target = { kind: "HTTPRoute", name: "photos" } as const;
  const limit = { requests: 10, unit: "Minute" } as const;
  const rules = (scope: "local" | "global", perClient: boolean): unknown =>
    at(
      backendTrafficSpec(target, { rateLimit: { scope, perClient, ...limit } }),
      `rateLimit.${scope}.rules`,
    );

  for (const scope of ["local", "global"] as const)
    it(`that is ${scope} counts each client of IPv4 and of IPv6, or all of them together`, () => {
      assert.deepEqual(
        rules(scope, true),
        ["0.0.0.0/0", "::/0"].map((value) => ({
          clientSelectors: [{ sourceCIDR: { type: "Distinct", value } }],
          limit,
        })),
      );
      assert.deepEqual(rules(scope, false), [{ limit }]);
    });
});

describe("a route that people sign on before", () => {
  const spec = securitySpec(
    { kind: "HTTPRoute", name: "hubble" },
    {
      allow: ["192.168.1.0/24"],
      ...signedOn("hubble", {
        ...{ issuer: "https://id.example.net", clientId: "c1", emails: ["a@example.net"] },
        ...{ provider: { title: "It" }, endpoints: endpointsOf("https://id.example.net") },
      }),
    },
  );

  it("asks at each request whether the token names somebody who may", () => {
    assert.deepEqual(spec.authorization, {
      defaultAction: "Deny",
      rules: [
        {
          action: "Allow",
          principal: {
            clientCIDRs: ["192.168.1.0/24"],
            jwt: { provider: "sign-on", claims: [{ name: "email", values: ["a@example.net"] }] },
          },
        },
      ],
    });
  });

  it("takes the token from the cookie that the login has left", () => {
    assert.deepEqual(at(spec, "jwt.providers[0].extractFrom.cookies"), [
      at(spec, "oidc.cookieNames.idToken"),
    ]);
    assert.deepEqual(at(spec, "jwt.providers[0].audiences"), ["c1"]);
    assert.equal(at(spec, "jwt.providers[0].remoteJWKS.uri"), "https://id.example.net/jwks");
  });

  it("leads people to the login, and no script that goes on asking", () => {
    assert.deepEqual(
      at(spec, "oidc.denyRedirect.headers"),
      ["cors", "no-cors", "same-origin", "websocket"].map((value) => ({
        ...{ name: "Sec-Fetch-Mode", type: "Exact", value },
      })),
    );
  });

  it("leaves the application's own /logout to it, and has the controller ask nobody", () => {
    assert.equal(at(spec, "oidc.logoutPath"), "/oauth2/logout");
    assert.equal(at(spec, "oidc.provider.tokenEndpoint"), "https://id.example.net/token");
    assert.equal(
      at(spec, "oidc.provider.authorizationEndpoint"),
      "https://id.example.net/authorization",
    );
  });
});

describe("a route's rule", () => {
  it("ends no answer early, which Envoy does after 15 s by itself, unless it is told to", () => {
    const backends = [{ service: "photos", port: 80 }];
    const rules = [
      { backends },
      { backends, timeout: "30s" },
      { redirect: { status: 301 } },
    ] as const;
    const spec = httpRouteSpec({ parents: [{ gateway: "lan" }], rules });
    assert.deepEqual(
      spec.rules.map(({ timeouts }) => timeouts?.request),
      ["0s", "30s", undefined],
    );
  });
});

describe("listeners of one gateway", () => {
  const kinds = { namespaces: { from: "All" }, kinds: [] } as const;
  const of = (
    protocol: Listener["protocol"],
    port: number,
    hostname?: string,
    name = `${protocol}-${port}`,
  ): Listener => ({
    ...{ name, port, protocol, allowedRoutes: kinds },
    ...(hostname === undefined ? {} : { hostname }),
  });

  it("share a port where their protocols and names can be told apart", () => {
    assert.equal(listenerConflict(of("TLS", 443, "a.b"), [of("HTTPS", 443, "*.b")]), undefined);
    assert.equal(listenerConflict(of("UDP", 53), [of("TCP", 53)]), undefined);
    assert.match(listenerConflict(of("TCP", 443), [of("HTTPS", 443, "*.b")]) ?? "", /speaks HTTPS/);
    assert.match(listenerConflict(of("HTTP", 443), [of("TLS", 443)]) ?? "", /port of its own/);
    const twin = of("TLS", 443, "*.b", "other");
    assert.match(listenerConflict(twin, [of("HTTPS", 443, "*.b")]) ?? "", /port or hostname/);
  });
});

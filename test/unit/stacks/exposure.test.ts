import assert from "node:assert/strict";
import { exposurePage } from "../../../stacks/exposure/page.ts";
import { openNames, siteExposure } from "../../../stacks/exposure/table.ts";
import { appTraffic } from "../../../stacks/apps/traffic.ts";
import { isNamed, siteViews } from "../../../stacks/parts/names/list.ts";
import { siteTraffic } from "../../../stacks/traffic.ts";
import type { Recording } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { homeConfig, problemsAfter } from "./sample.ts";

const reason = "a page for everybody, keeps nothing";
const service = { namespace: "household", service: "photos", port: 80 };

/** Each kind of backend for each audience; the internet with Access and without. */
const everything = {
  "gateway.internal": { enabled: true, address: "100.101.102.103" },
  "apps.typeo.expose": [
    { host: "typeo.home.arpa", to: "lan" },
    { host: "play.home.arpa", to: "tailnet" },
    { host: "open.example.net", to: "public", withoutAccess: reason },
  ],
  "gateway.routes": {
    photos: { ...service, hostnames: ["photos.home.arpa"] },
    albums: { ...service, gateway: "internal", hostnames: ["albums.home.arpa"] },
    shared: {
      ...service,
      gateway: "public",
      hostnames: ["shared.example.net"],
      access: ["family"],
    },
    guests: {
      ...{ ...service, gateway: "public", hostnames: ["guests.example.net"] },
      withoutAccess: reason,
    },
  },
};

/** What the matrix expects of each name. */
const matrix = [
  { host: "typeo.home.arpa", to: "lan", app: true },
  { host: "play.home.arpa", to: "tailnet", app: true },
  { host: "typeo.example.net", to: "public", app: true, access: true },
  { host: "open.example.net", to: "public", app: true, access: false },
  { host: "photos.home.arpa", to: "lan", app: false },
  { host: "albums.home.arpa", to: "tailnet", app: false },
  { host: "shared.example.net", to: "public", app: false, access: true },
  { host: "guests.example.net", to: "public", app: false, access: false },
] as const;

const gateways = { lan: "lan", tailnet: "internal", public: "public" } as const;
const addresses = { lan: "10.96.0.80", tailnet: "100.101.102.103" } as const;

describe("what a site exposes", () => {
  const config = homeConfig(everything);
  let made: Recording;
  before(async () => {
    made = await recordedHome(everything);
  });
  const routesOf = (host: string) =>
    made.resources.filter(
      ({ type, plain }) =>
        type === "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute" &&
        (at(plain, "spec.hostnames") as string[] | undefined)?.includes(host),
    );
  interface Rule {
    readonly hostname?: string;
    readonly service: string;
    readonly originRequest?: { readonly access: { readonly required: boolean } };
  }
  const ingress = (host: string): Rule | undefined =>
    (at(made.get("home-rules").plain, "config.ingresses") as Rule[]).find(
      ({ hostname }) => hostname === host,
    );

  it("is accepted", () => {
    assert.deepEqual(problemsAfter(everything), []);
  });

  it("is one table, each name once", () => {
    assert.deepEqual(
      siteExposure(config)
        .map(({ host, to }) => `${host} ${to}`)
        .sort(),
      matrix.map(({ host, to }) => `${host} ${to}`).sort(),
    );
  });

  for (const one of matrix) {
    const { host, to, app } = one;
    const guarded = "access" in one ? one.access : undefined;
    const door = guarded === undefined ? "" : guarded ? ", with Access" : ", without Access";
    describe(`${host}: ${app ? "an application" : "a Service"} for ${to}${door}`, () => {
      it("has its route at that gateway alone, and none where the tunnel leads to it", () => {
        const routes = routesOf(host);
        if (app && to === "public") {
          assert.deepEqual(routes, []);
          return;
        }
        assert.equal(routes.length, 1);
        const [route] = routes;
        const [parent, ...further] = at(route?.plain, "spec.parentRefs") as Record<
          string,
          string
        >[];
        assert.deepEqual(further, []);
        assert.equal(parent?.["name"], gateways[to]);
        assert.equal(parent?.["sectionName"], to === "public" ? undefined : "https-home-arpa");
        assert.deepEqual(
          [
            at(route?.plain, "metadata.namespace"),
            at(route?.plain, "spec.rules[0].backendRefs[0].name"),
            at(route?.plain, "spec.rules[0].backendRefs[0].port"),
          ],
          app ? ["typeo", "typeo", 8080] : ["household", "photos", 80],
        );
      });

      it("has a rule of the tunnel, a record and an application of Access as it is public", () => {
        const open = to === "public";
        assert.equal(made.find(`${host}-record`) !== undefined, open);
        assert.equal(made.find(`${host}-application`) !== undefined, guarded === true);
        const rule = ingress(host);
        assert.equal(rule !== undefined, open);
        if (rule === undefined) return;
        assert.equal(
          rule.service,
          app
            ? "http://typeo.typeo.svc.cluster.local:8080"
            : "http://envoy-public.envoy-gateway-system.svc.cluster.local:80",
        );
        assert.equal(rule.originRequest?.access.required, guarded === true ? true : undefined);
        const comment = String(made.get(`${host}-record`).plain["comment"]);
        assert.equal(comment.startsWith("public without Access: "), guarded === false);
      });

      it("is in the views of those whom it is for", () => {
        assert.ok(isNamed(config));
        const views = siteViews(config);
        const inside = views.lan.find(({ name }) => name === host)?.address;
        assert.equal(inside, to === "public" ? undefined : addresses[to]);
        assert.equal(views.tailnet.find(({ name }) => name === host)?.address, inside);
        assert.equal(
          views.public.some(({ name }) => name === host),
          to === "public",
        );
      });

      it("has the network policy's leave for this way", () => {
        const [from, target] =
          app && to === "public"
            ? ["cloudflared", "typeo"]
            : [`proxies of ${gateways[to]}`, app ? "typeo" : "household"];
        const flows = siteTraffic(config).filter(
          (flow) =>
            "title" in flow.from &&
            flow.from.title === from &&
            "namespace" in flow.to &&
            flow.to.namespace === target,
        );
        assert.ok(flows.length > 0);
        if (app)
          assert.deepEqual(
            flows.map((flow) => "ports" in flow && flow.ports),
            [[{ port: 8080, protocol: "TCP" }]],
          );
      });

      it("stands in the page's table, with who passes", () => {
        const page = exposurePage("home", siteExposure(config));
        const line = page.split("\n").find((text) => text.startsWith(`| \`${host}\``)) ?? "";
        assert.match(line, app ? /\| typeo \|/ : /household\/photos:80/);
        assert.equal(
          /\*\*everybody, without Access\*\*|\*\*everybody, without Access: /.test(line),
          guarded === false,
        );
        assert.equal(line.includes("whom Access lets in: family"), guarded === true);
      });
    });
  }

  it("is open to nobody but those whom the config names", () => {
    const flows = appTraffic(
      homeConfig({ "apps.typeo.hostname": undefined, "apps.typeo.access": undefined }),
    );
    assert.ok(flows.every(({ to }) => !("namespace" in to && to.namespace === "typeo")));
  });

  it("says aloud which names everybody reaches", () => {
    assert.deepEqual(
      openNames(config).map(({ host, withoutAccess }) => [host, withoutAccess]),
      [
        ["open.example.net", reason],
        ["guests.example.net", reason],
      ],
    );
  });

  it("leads to a route only once its gateway is programmed and its pods are ready", () => {
    const waits = made.waitsFor("typeo-lan-typeo.home.arpa-route");
    for (const name of ["home-gateways", "typeo-deployment", "typeo-service"])
      assert.ok(
        [...waits].some((one) => one.startsWith(name)),
        `${name} of ${[...waits].join(" ")}`,
      );
  });

  it("never lets the internet in before Access stands there, nor takes Access away before", () => {
    // What waits for another is made after it and deleted before it.
    for (const host of ["typeo.example.net", "shared.example.net"]) {
      const gate = `${host}-application`;
      assert.ok(made.waitsFor(gate).has("home-access-family-policy"));
      assert.ok(made.waitsFor("home-rules").has(gate));
      const record = made.waitsFor(`${host}-record`);
      for (const name of [gate, "home-rules", "home-access-family-policy"])
        assert.ok(record.has(name), name);
    }
  });

  it("builds the same, whether a public name is `hostname` or an entry", async () => {
    const whole = async (changes: Parameters<typeof recordedHome>[0]) =>
      (await recordedHome(changes)).resources
        .map(({ type, name, parent, after, shown }) =>
          JSON.stringify([type, name, parent, after, shown]),
        )
        .sort();
    assert.deepEqual(
      await whole({
        "apps.typeo.hostname": undefined,
        "apps.typeo.access": undefined,
        "apps.typeo.expose": [{ host: "typeo.example.net", to: "public", access: ["family"] }],
      }),
      await whole({}),
    );
  });

  it("has Access first also where a name moves from the tailnet to the internet", async () => {
    const moved = (to: string, more: object) =>
      recordedHome({
        ...{ "site.domain": "home.example.net", "gateway.internal.enabled": true },
        "edge.advancedCertificates": ["*.home.example.net"],
        ...{ "apps.typeo.hostname": undefined, "apps.typeo.access": undefined },
        "apps.typeo.expose": [{ host: "typeo.home.example.net", to, ...more }],
      });
    const inside = await moved("tailnet", {});
    assert.ok(inside.find("typeo-internal-typeo.home.example.net-route"));
    for (const name of ["record", "application"])
      assert.equal(inside.find(`typeo.home.example.net-${name}`), undefined);
    const outside = await moved("public", { access: ["family"] });
    assert.equal(outside.find("typeo-internal-typeo.home.example.net-route"), undefined);
    assert.ok(outside.waitsFor("home-rules").has("typeo.home.example.net-application"));
    assert.ok(outside.waitsFor("typeo.home.example.net-record").has("home-rules"));
  });
});

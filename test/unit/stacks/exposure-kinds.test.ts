import assert from "node:assert/strict";
import { siteExposure } from "../../../stacks/exposure/table.ts";
import { siteProbes } from "../../../stacks/parts/monitoring/probes.ts";
import { isNamed, siteViews } from "../../../stacks/parts/names/list.ts";
import { siteTraffic } from "../../../stacks/traffic.ts";
import type { Recording } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { homeConfig, problemsAfter, type Changes } from "./sample.ts";

/** A kind of backend besides web pages behind HTTPS, which exposure.test.ts has. */
interface Kind {
  readonly kind: "http" | "tls" | "tcp" | "udp";
  readonly listener: string;
  /** Of the listener, and behind the Service. */
  readonly ports: readonly [outside: number, service: number];
  /** Where names choose. */
  readonly label?: string;
  readonly object: string;
  /** How it is asked whether it answers; UDP is not. */
  readonly probe?: string;
}

const kinds: Readonly<Record<string, Kind>> = {
  "a page in the clear": {
    ...{ kind: "http", listener: "http", ports: [80, 8080], label: "plain" },
    ...{ object: "HTTPRoute", probe: "http" },
  },
  "TLS that is passed through": {
    ...{ kind: "tls", listener: "syslog", ports: [6514, 6514], label: "syslog" },
    ...{ object: "TLSRoute", probe: "tls" },
  },
  TCP: { kind: "tcp", listener: "mqtt", ports: [1883, 1883], object: "TCPRoute", probe: "tcp" },
  UDP: { kind: "udp", listener: "clock", ports: [1123, 123], object: "UDPRoute" },
};

const audiences = {
  lan: { gateway: "lan", address: "10.96.0.80" },
  tailnet: { gateway: "internal", address: "100.101.102.103" },
} as const;
type To = keyof typeof audiences;

const nameOf = (to: To, { label }: Kind): string | undefined =>
  label === undefined ? undefined : `${label}-${to}.home.arpa`;
const routeOf = (to: To, { listener }: Kind): string => `${listener}-${to}`;

const listeners = Object.values(kinds)
  .filter(({ listener }) => listener !== "http")
  .map(({ kind, listener, ports: [port] }) => ({ name: listener, port, protocol: kind }));
const both = Object.keys(audiences) as To[];
const cases = both.flatMap((to) =>
  Object.entries(kinds).map(([title, kind]) => ({ to, title, kind })),
);

/** Each kind of backend for the LAN and for the tailnet. */
const everything: Changes = {
  "gateway.internal": { enabled: true, address: audiences.tailnet.address, listeners },
  "gateway.lan.listeners": listeners,
  "gateway.routes": Object.fromEntries(
    cases.map(({ to, kind }) => {
      const name = nameOf(to, kind);
      return [
        routeOf(to, kind),
        {
          ...{ kind: kind.kind, gateway: audiences[to].gateway, listener: kind.listener },
          ...(name === undefined ? {} : { hostnames: [name] }),
          ...{ namespace: "household", service: kind.listener, port: kind.ports[1] },
        },
      ];
    }),
  ),
  monitoring: { grafanaPassword: "op://Homelab/Grafana/password", names: {} },
};

describe("what a site exposes besides web pages", () => {
  const config = homeConfig(everything);
  let made: Recording;
  before(async function () {
    this.timeout(60_000);
    made = await recordedHome(everything);
  });

  it("is accepted", () => {
    assert.deepEqual(problemsAfter(everything), []);
  });

  for (const { to, title, kind } of cases) {
    const { gateway, address } = audiences[to];
    const [port, service] = kind.ports;
    const name = nameOf(to, kind);
    const from = `homelab:gateway.routes.${routeOf(to, kind)}`;

    describe(`${title} for ${to}`, () => {
      const rows = siteExposure(config).filter((one) => one.from.startsWith(from));

      it("is one row of the table, with its port and where TLS ends", () => {
        assert.deepEqual(
          rows.map((one) => [one.to, one.protocol, one.port, one.backend, one.tls, one.named]),
          [
            [
              ...[to, kind.kind, port, `household/${kind.listener}:${service}`],
              ...[kind.kind === "tls" ? "backend" : "none", name !== undefined],
            ],
          ],
        );
      });

      it("has one route, at that listener of that gateway alone", () => {
        const found = made.resources.filter(
          ({ type, plain }) =>
            type.endsWith(`:${kind.object}`) &&
            at(plain, "spec.rules[0].backendRefs[0].name") === kind.listener &&
            at(plain, "spec.parentRefs[0].name") === gateway,
        );
        assert.equal(found.length, 1);
        const plain = found[0]?.plain;
        assert.deepEqual(
          [
            (at(plain, "spec.parentRefs") as unknown[]).length,
            at(plain, "spec.parentRefs[0].sectionName"),
            at(plain, "spec.rules[0].backendRefs[0].port"),
            at(plain, "metadata.namespace"),
          ],
          [1, kind.listener, service, "household"],
        );
        assert.deepEqual(at(plain, "spec.hostnames"), name === undefined ? undefined : [name]);
      });

      it("is nothing of the internet's", () => {
        const hosts = at(made.get("home-rules").plain, "config.ingresses") as {
          readonly hostname?: string;
        }[];
        assert.ok(!hosts.some(({ hostname }) => hostname !== undefined && hostname === name));
        if (name === undefined) return;
        assert.equal(made.find(`${name}-record`), undefined);
        assert.equal(made.find(`${name}-application`), undefined);
      });

      it("has its name where it is asked for, if it has one", () => {
        assert.ok(isNamed(config));
        const { lan } = siteViews(config);
        const found = lan.find((one) => one.name === name);
        assert.equal(found?.address, name === undefined ? undefined : address);
      });

      it("has the network policy's leave from its clients to the pods behind it", () => {
        const titled = (peer: object, wanted: string) => "title" in peer && peer.title === wanted;
        const flows = siteTraffic(config);
        const inPod = port < 1024 ? port + 10_000 : port;
        const protocol = kind.kind === "udp" ? "UDP" : "TCP";
        const clients = to === "lan" ? "world" : "pods";
        assert.ok(
          flows.some(
            (flow) =>
              flow.from.kind === clients &&
              titled(flow.to, `proxies of ${gateway}`) &&
              "ports" in flow &&
              flow.ports !== "all" &&
              flow.ports.some((one) => one.port === inPod && one.protocol === protocol),
          ),
        );
        assert.ok(
          flows.some(
            ({ from: one, to: other }) =>
              titled(one, `proxies of ${gateway}`) &&
              "namespace" in other &&
              other.namespace === "household",
          ),
        );
      });

      it("is asked whether it answers, as far as anybody can", () => {
        const probes = siteProbes(config).filter(
          (probe) => probe.to === to && rows.some(({ host }) => host === probe.host),
        );
        assert.deepEqual(
          probes.map(({ module, side, hostname }) => [module, side, hostname]),
          kind.probe === undefined ? [] : [[kind.probe, "inside", name]],
        );
      });
    });
  }
});

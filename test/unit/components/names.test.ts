import assert from "node:assert/strict";
import fc from "fast-check";
import { lanConfig } from "../../../components/names/lan.ts";
import {
  isPublic,
  nameListProblems,
  viewsOf,
  type SiteName,
} from "../../../components/names/names.ts";
import { resolverContent, resolverPods } from "../../../components/names/resolver.ts";
import { zoneFiles } from "../../../components/names/zones.ts";
import { isNamed, siteNames, siteViews } from "../../../stacks/parts/names/list.ts";
import { homeConfig } from "../stacks/sample.ts";
import { at } from "./at.ts";

const domains = { domain: "home.arpa", zone: "example.net" };
const resolver = "10.96.0.53";

const address = fc
  .tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join("."));
const place = fc.oneof(
  fc.constant("tunnel" as const),
  fc.record({ address, proxied: fc.boolean() }),
);
const list: fc.Arbitrary<readonly SiteName[]> = fc.array(
  fc
    .record({
      label: fc.constantFrom("a", "b", "c", "d.e", "ns"),
      zone: fc.constantFrom("home.arpa", "example.net", "example.org"),
      from: fc.constantFrom("one", "two", "three"),
      lan: fc.option(address, { nil: undefined }),
      public: fc.option(place, { nil: undefined }),
    })
    .map(({ label, zone, from, lan, public: open }) => ({
      name: `${label}.${zone}`,
      from,
      ...(lan === undefined ? {} : { lan }),
      ...(open === undefined ? {} : { public: open }),
    })),
  { maxLength: 6 },
);

/** Names with their addresses in a zone's text. */
function zoneRecords(zone: string, text: string): readonly string[] {
  return [...text.matchAll(/^(\S+) IN A (\S+)$/gm)].map(
    ([, label, to]) => `${label === "@" ? zone : `${label ?? ""}.${zone}`} ${to ?? ""}`,
  );
}

describe("views of a list of names", () => {
  it("agree: a name has one address on the LAN and in the tailnet, and the internet is told none of the LAN's", () => {
    fc.assert(
      fc.property(list, (names) => {
        const problems = nameListProblems(names, domains);
        const views = viewsOf(names, domains);
        if (problems.length > 0) return;
        const lan = new Map(views.lan.map(({ name, address: to }) => [name, to]));
        assert.equal(lan.size, views.lan.length);
        for (const { name, address: to } of views.tailnet) assert.equal(lan.get(name), to);
        for (const { name, place: where } of views.public) {
          if (where === "tunnel") continue;
          assert.ok(isPublic(where.address), `${name} at ${where.address}`);
          assert.ok(name.endsWith(".example.net"));
        }
        for (const { name } of views.lan)
          assert.ok(name.endsWith(".home.arpa") || name.endsWith(".example.net"));
      }),
    );
  });

  it("are refused where a name stands twice, or the internet would be told of an address that it cannot reach", () => {
    fc.assert(
      fc.property(list, (names) => {
        const repeated = new Set(names.map(({ name }) => name)).size < names.length;
        const told = names.some(
          ({ public: where }) =>
            where !== undefined && where !== "tunnel" && !isPublic(where.address),
        );
        if (repeated || told) assert.ok(nameListProblems(names, domains).length > 0);
      }),
    );
  });

  it("are the same in every form that the LAN's resolver takes, and in the site's own zones", () => {
    fc.assert(
      fc.property(list, (names) => {
        if (nameListProblems(names, domains).length > 0) return;
        const { lan } = viewsOf(names, domains);
        const expected = lan.map(({ name, address: to }) => `${name} ${to}`).sort();
        const { records } = lanConfig({
          site: "home",
          domain: domains.domain,
          records: lan,
          resolver,
        });
        const matched = (text: string, form: RegExp): readonly string[] =>
          [...text.matchAll(form)].map(
            ({ groups = {} }) => `${groups["name"] ?? ""} ${groups["to"] ?? ""}`,
          );
        assert.deepEqual(
          matched(records.dnsmasq, /^host-record=(?<name>[^,]+),(?<to>\S+)$/gm).toSorted(),
          expected,
        );
        assert.deepEqual(
          matched(records.unbound, /local-data: "(?<name>\S+)\. IN A (?<to>[^"]+)"/g).toSorted(),
          expected,
        );
        assert.deepEqual(
          matched(records.pihole, /"(?<to>[\d.]+) (?<name>[^"]+)"/g).toSorted(),
          expected,
        );
        assert.deepEqual(
          records.unifi
            .split("\n")
            .filter(Boolean)
            .map((line) => JSON.parse(line) as { domain: string; ipv4Address: string })
            .map((one) => `${one.domain} ${one.ipv4Address}`)
            .sort(),
          expected,
        );
        const zones = zoneFiles(domains.domain, lan, resolver);
        const served = zones.flatMap(({ zone, text }) => zoneRecords(zone, text));
        for (const record of expected) assert.ok(served.includes(record), record);
        const glue = zones.map(({ zone }) => `ns.${zone} ${resolver}`);
        assert.ok(served.every((record) => expected.includes(record) || glue.includes(record)));
      }),
    );
  });
});

const records = [
  { name: "nas.home.arpa", address: "192.168.1.6" },
  { name: "wiki.example.net", address: "10.96.0.80" },
];

describe("names of the internet that the LAN's resolver has", () => {
  const plan = { site: "home", domain: "home.arpa", publicZone: "example.net", resolver };
  const apex = { name: "example.net", address: "10.96.0.80" };

  it("have no other record than their address, or clients would go by the internet's", () => {
    const { dnsmasq, pihole, unbound } = lanConfig({ ...plan, records }).records;
    assert.deepEqual([...dnsmasq.matchAll(/^local=.*$/gm)].flat(), ["local=/wiki.example.net/"]);
    assert.match(pihole, /misc\.dnsmasq_lines '\["local=\/wiki\.example\.net\/"\]'/);
    assert.match(unbound, /local-zone: "wiki\.example\.net\." transparent/);
    assert.doesNotMatch(unbound, /typetransparent/);
  });

  it("hide no other name of the public zone", () => {
    const { dnsmasq, pihole } = lanConfig({ ...plan, records: [apex] }).records;
    assert.doesNotMatch(`${dnsmasq}${pihole}`, /local=|dnsmasq_lines/);
  });
});

describe("zones of the site's resolver", () => {
  it("hide nothing of a domain of which they have one name", () => {
    const zones = zoneFiles("home.arpa", records, resolver).map(({ zone }) => zone);
    assert.deepEqual(zones, ["home.arpa", "wiki.example.net"]);
  });

  it("change their serial with their content, and with nothing else", () => {
    const serial = (of: typeof records): string | undefined =>
      /hostmaster\.home\.arpa\. (\d+) /.exec(
        zoneFiles("home.arpa", of, resolver)[0]?.text ?? "",
      )?.[1];
    assert.equal(serial(records), serial([...records]));
    const [, ...fewer] = records;
    assert.notEqual(serial(records), serial(fewer));
  });

  it("refuse other names unless they are forwarded", () => {
    const zones = zoneFiles("home.arpa", records, resolver);
    assert.doesNotMatch(
      resolverContent({ zones: own(zones), forward: [] })["Corefile"] ?? "",
      /forward/,
    );
    const { Corefile = "" } = resolverContent({ zones: own(zones), forward: ["9.9.9.9"] });
    assert.match(Corefile, /^\.:1053 \{\n {4}errors\n {4}cache 30\n {4}forward \. 9\.9\.9\.9\n/m);
  });

  function own<Zone>(zones: readonly Zone[]): readonly [Zone, ...Zone[]] {
    const [first, ...rest] = zones;
    assert.ok(first !== undefined);
    return [first, ...rest];
  }
});

describe("pods of the site's resolver", () => {
  it("keep the capability without which a kernel does not start the image's program", () => {
    assert.deepEqual(resolverPods("1.14.7").capabilities, ["NET_BIND_SERVICE"]);
  });

  it("listen where no right is needed, at the Service's names of the ports", () => {
    const ports = at(resolverPods("1.14.7"), "container.ports") as {
      name: string;
      containerPort: number;
    }[];
    assert.deepEqual(
      ports.slice(0, 2).map(({ name, containerPort }) => [name, containerPort]),
      [
        ["udp-53", 1053],
        ["tcp-53", 1053],
      ],
    );
  });
});

describe("names of a site", () => {
  it("are those of its hosts, machines, router, control plane and resolver, and what it publishes", () => {
    const config = homeConfig();
    assert.ok(isNamed(config));
    const views = siteViews(config);
    const lan = Object.fromEntries(views.lan.map(({ name, address: to }) => [name, to]));
    assert.equal(lan["gateway.home.arpa"], "192.168.1.1");
    assert.equal(lan["stone.home.arpa"], "192.168.1.11");
    assert.equal(lan["proxmox-stone.home.arpa"], "192.168.1.21");
    assert.equal(lan["api.home.arpa"], "192.168.1.20");
    assert.equal(lan["ns.home.arpa"], resolver);
    assert.deepEqual(views.public, [{ name: "typeo.example.net", place: "tunnel" }]);
  });

  it("may be written short, whole, and differently for the internet", () => {
    const config = homeConfig({
      "names.entries": {
        nas: { address: "192.168.1.6" },
        "plex.example.net": { address: "192.168.1.7", public: "198.51.100.7" },
      },
    });
    assert.ok(isNamed(config));
    const [nas, plex] = siteNames(config).slice(-2);
    assert.equal(nas?.name, "nas.home.arpa");
    assert.equal(plex?.lan, "192.168.1.7");
    assert.deepEqual(siteViews(config).public.at(0), {
      name: "plex.example.net",
      place: { address: "198.51.100.7", proxied: false },
    });
    assert.ok(!siteViews(config).tailnet.some(({ name }) => name === "plex.example.net"));
  });

  it("are those that the gateway of the LAN has routes for, each once, and at home also what the internet alone has", () => {
    const to = { namespace: "photos", service: "photos", port: 80 };
    const config = homeConfig({
      "gateway.routes": {
        photos: { ...to, hostnames: ["photos.home.arpa", "typeo.example.net"] },
        api: { ...to, hostnames: ["photos.home.arpa"], path: "/api" },
        outside: {
          ...{ ...to, gateway: "public", hostnames: ["outside.example.net"], access: ["family"] },
        },
      },
    });
    assert.ok(isNamed(config));
    const names = siteNames(config);
    assert.deepEqual(nameListProblems(names, domains), []);
    const { lan, public: open } = viewsOf(names, domains);
    assert.deepEqual(
      lan.filter(({ address: to }) => to === "10.96.0.80").map(({ name }) => name),
      ["photos.home.arpa", "typeo.example.net"],
    );
    assert.deepEqual(open, [
      { name: "outside.example.net", place: "tunnel" },
      { name: "typeo.example.net", place: "tunnel" },
    ]);
  });

  it("has its DNS server at the last address of a run, which its pool gives no one else first", () => {
    const config = homeConfig({
      "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.239" },
    });
    assert.equal(config.names?.address, "192.168.1.239");
  });
});

import assert from "node:assert/strict";
import { exposurePicture } from "../../../stacks/exposure/picture.ts";
import { shownOf, type Shown } from "../../../stacks/exposure/shown.ts";
import { appsSite } from "./apps-site.ts";
import { target } from "./backup-site.ts";
import { homeConfig, type Changes } from "./sample.ts";
import { teslaSite } from "./tesla-site.ts";

/** Home with these changes and each application, as a picture shows it. */
function shown(changes: Changes = {}): readonly Shown[] {
  return shownOf("home", homeConfig(appsSite(changes)));
}

const called = (all: readonly Shown[], name: string): Shown =>
  all.find((one) => one.name === name) ?? assert.fail(`no ${name}`);

/** Names, the doors before them, and who passes. */
const ways = ({ entrances }: Shown): readonly (readonly string[])[] =>
  entrances.map(({ host, door, passes }) => [
    ...[host, door.from, door.title, ...door.lines],
    ...(passes === undefined ? [] : [passes]),
  ]);

const stores = ({ stores: all }: Shown): readonly string[] =>
  all.map(({ what, backup }) => (backup === undefined ? what : `${what}, ${backup.text}`));

const tailnet = { "gateway.internal": { enabled: true, address: "100.101.102.103" } };

describe("what a picture shows of an application", () => {
  it("has a door for each audience, and who passes at it", () => {
    const all = shown({
      ...tailnet,
      "apps.typeo.expose": [
        { host: "typeo.home.arpa", to: "lan" },
        { host: "play.home.arpa", to: "tailnet" },
        { host: "open.example.net", to: "public", withoutAccess: "a game for everybody" },
      ],
    });
    const cloudflare = ["public", "Cloudflare", "ends TLS", "its tunnel leads in"];
    assert.deepEqual(ways(called(all, "typeo")), [
      ["typeo.example.net", ...cloudflare, "Access: family"],
      ["typeo.home.arpa", "lan", "Gateway lan", "10.96.0.80", "certificate *.home.arpa"],
      [
        ...["play.home.arpa", "tailnet", "Tailnet's gateway", "home-gateway, 100.101.102.103"],
        ...["certificate *.home.arpa", "whom grants let in"],
      ],
      ["open.example.net", ...cloudflare, "no Access: a game for everybody"],
    ]);
  });

  it("has the ways past gateways and Cloudflare", () => {
    const [, own] = ways(called(shown(), "plex"));
    assert.deepEqual(own, ["10.96.0.20:32400", "lan", "Its own address", "past the gateways"]);
    const tesla = called(shownOf("home", homeConfig(teslaSite())), "tesla");
    const [vehicles, key] = ways(tesla);
    assert.deepEqual(vehicles?.slice(1, -1), [
      ...["public", "Your router", "forwards port 443 to 10.96.0.83", "past Cloudflare"],
    ]);
    assert.deepEqual([key?.[0], key?.[2]], ["tesla.example.net/…", "Cloudflare"]);
    assert.deepEqual(stores(tesla), ["Kafka main"]);
  });

  it("has a route's namespace, what answers there, and the networks that may ask", () => {
    const all = shown({
      "gateway.routes": {
        photos: {
          ...{ namespace: "household", service: "photos", port: 80, path: "/api" },
          ...{ hostnames: ["old.home.arpa"], allow: ["192.168.1.0/28"] },
        },
      },
    });
    const { about, entrances } = called(all, "household");
    assert.equal(about, "photos:80");
    const [{ host, passes } = assert.fail("no way in")] = entrances;
    assert.deepEqual([host, passes], ["old.home.arpa/api", "from 192.168.1.0/28"]);
  });

  it("has volumes, library and stores, with what becomes of each when it is lost", () => {
    const photos = ["Postgres photos/photos, no backup", "Redis queue"];
    assert.deepEqual(stores(called(shown(), "immich")), [
      ...["volume library, 200 GiB, no backup", ...photos],
    ]);
    const saved = shown({
      backup: { s3: target, password: "op://Homelab/Backup/password" },
      "postgres.clusters.main.backup": { s3: { ...target, bucket: "postgres" } },
    });
    assert.deepEqual(stores(called(saved, "immich")), [
      ...["volume library, 200 GiB, backed up", ...photos],
    ]);
    assert.deepEqual(stores(called(saved, "sonarr")), [
      ...["volume config, 10 GiB, backed up", "library media, 500 GiB, no backup"],
      "Postgres main/series, backed up",
    ]);
    assert.deepEqual(stores(called(saved, "prowlarr")), ["volume config, 10 GiB, backed up"]);
    assert.deepEqual(stores(called(saved, "typeo")), []);
  });

  it("calls no backup what is lost with the site", () => {
    const all = shown({
      "storage.classes": {
        ...{ "ceph-block": { kind: "block", default: true }, "ceph-bucket": { kind: "bucket" } },
        "ceph-filesystem": { kind: "file", default: true },
      },
      "postgres.clusters.main.backup": { bucket: "ceph-bucket" },
    });
    const found = called(all, "sonarr").stores.find(({ what }) => what.startsWith("Postgres"));
    assert.deepEqual(found?.backup, { made: false, text: "in a bucket of the site" });
  });
});

describe("the picture of applications", () => {
  const home = (): readonly Shown[] => shown(tailnet);
  const texts = (svg: string): string =>
    [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text).join(" ");

  it("has each application once, its names, doors and stores, and says so to those who do not see it", () => {
    const svg = exposurePicture("Applications", home());
    // A long name is broken after a hyphen.
    const words = texts(svg).replaceAll("- ", "-").split(" ");
    for (const { name, entrances } of home()) {
      assert.equal(words.filter((word) => word === name).length, 1, name);
      for (const { host } of entrances) assert.ok(texts(svg).includes(host), host);
    }
    assert.equal([...svg.matchAll(/>Gateway lan<\/text>/g)].length, 1);
    assert.match(svg, /<title>Applications<\/title>/);
    const [, description = ""] = /<desc>([^<]*)<\/desc>/.exec(svg) ?? [];
    for (const told of [
      "immich: photos.example.net from the internet by Cloudflare (Access: family); ",
      "; photos.home.arpa from the LAN by Gateway lan; volume library, 200 GiB (no backup); ",
    ])
      assert.ok(description.includes(told), told);
  });

  it("takes no text for markup, tells no secret, and asks nobody for anything", () => {
    const [first = assert.fail("no application")] = home();
    const odd = `<script>&"'`;
    const entrances = first.entrances.map((one) => ({ ...one, host: odd, passes: odd }));
    const strange = { ...first, name: odd, about: odd, entrances, stores: [{ what: odd }] };
    for (const svg of [exposurePicture(odd, [strange]), exposurePicture("all", home())]) {
      assert.doesNotMatch(svg, /<script|op:\/\/|NaN|undefined|Infinity|url\(|@import|href/);
      const open = [...svg.matchAll(/<([a-z]+)[ >]/g)].map(([, name]) => name);
      const closed = [...svg.matchAll(/<\/([a-z]+)>/g)].map(([, name]) => name);
      assert.deepEqual(open.toSorted(), closed.toSorted());
    }
  });

  it("draws nothing outside of itself, and no box over another", () => {
    const pictures = [home(), ...home().map((one) => [one]), []];
    for (const svg of pictures.map((all) => exposurePicture("picture", all))) {
      const [, width = 0, height = 0] = (/ width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(
        Number,
      );
      const boxes = [
        ...svg.matchAll(
          /<rect class="(?:card|outside)" x="(\S+)" y="(\S+)" width="(\S+)" height="(\S+)"/g,
        ),
      ].map(([, ...numbers]) => numbers.map(Number));
      for (const [i, [x = 0, y = 0, w = 0, h = 0]] of boxes.entries()) {
        assert.ok(x >= 0 && x + w <= width - 32 && y >= -5 && y + h <= height - 27);
        for (const [left = 0, top = 0, wide = 0, tall = 0] of boxes.slice(i + 1))
          assert.ok(left >= x + w || left + wide <= x || top >= y + h || top + tall <= y);
      }
    }
  });
});

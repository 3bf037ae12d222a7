import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { keptObjects } from "../../../stacks/parts/certificates/look.ts";
import { itemTitle } from "../../../components/certificates/kept.ts";
import type { SiteFile } from "../../../stacks/open-site.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { checkSites, describeClashes } from "../../../stacks/sites/checks.ts";
import { clashingSites, ofHomesDomain, type Pair } from "./clashing-sites.ts";
import { keepingCabin, savingHome } from "./keeping-sites.ts";
import { byFullKey, edited, fileValues, homeValues, type Changes } from "./sample.ts";

/** What the cabin's file shows to the tailnet: a case that changes the file says by itself what is there. */
const withoutTailnetsGateway: Changes = {
  "gateway.internal": undefined,
  "gateway.routes.s3-of-home": undefined,
};

/** A site of the repository after changes, which is sound by itself. */
function sound(name: "home" | "cabin", changes?: Changes): SiteFile {
  const ofCabin = { ...(changes && withoutTailnetsGateway), ...changes };
  const values = name === "home" ? homeValues(changes ?? {}) : edited(fileValues(name), ofCabin);
  const { config, problems } = parseSiteConfig(byFullKey(values), name);
  assert.deepEqual(problems, [], `${name} by itself`);
  assert.ok(config);
  return { name, config };
}

/** What a page says of a site, value by value, so that it goes beside what the site has. */
function leaves(value: unknown, path = ""): Changes {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { [path]: value };
  const inside = Object.entries(value).map(([key, inner]) =>
    leaves(inner, [path, key.replace("homelab:", "")].filter(Boolean).join(".")),
  );
  return Object.assign({}, ...inside) as Changes;
}

const judged = ({ home, cabin }: Partial<Pair>) =>
  checkSites([sound("cabin", cabin), sound("home", home)]);

describe("the sites of one folder", () => {
  it("go together as they are", () => {
    assert.deepEqual(judged({}), []);
  });

  for (const [name, { keys, says, ...pair }] of Object.entries(clashingSites)) {
    it(`do not go together: ${name}`, () => {
      const clashes = judged(pair);
      const found = clashes.filter((clash) => {
        const places = [clash.at, clash.against].map(({ site, path }) => [site, path]);
        const { home, cabin } = Object.fromEntries(places) as Record<string, string>;
        return home === `homelab:${keys.home}` && cabin === `homelab:${keys.cabin}`;
      });
      assert.ok(found.length > 0, `nothing at these keys: ${describeClashes(clashes)}`);
      assert.ok(
        found.some(({ text }) => says.test(text)),
        describeClashes(found),
      );
    });
  }

  it("are told of all that is wrong at once, by both files and keys", () => {
    const clashes = judged({
      home: { "tailnet.policy.sites.cabin.services": true },
      cabin: ofHomesDomain,
    });
    const [head, ...lines] = describeClashes(clashes).split("\n");
    assert.equal(head, `the sites have ${clashes.length} problems with each other:`);
    assert.ok(clashes.length >= 2);
    for (const line of lines)
      assert.match(
        line,
        /^ {2}Pulumi\.(home|cabin)\.yaml homelab:\S+ and Pulumi\.\w+\.yaml homelab:/,
      );
  });

  it("may each be where nothing joins them, with the same numbers", () => {
    const alone = { tailnet: undefined, "site.vlan": undefined };
    const same = { "network.pods": "10.42.0.0/16", "network.services": "10.43.0.0/16" };
    assert.deepEqual(judged({ home: { tailnet: undefined }, cabin: { ...alone, ...same } }), []);
  });

  it("are in one tailnet where either file leaves its name open", () => {
    const home = { "tailnet.tailnet": "home.example.net", "tailnet.policy.sites": {} };
    assert.notDeepEqual(judged({ home }), []);
    assert.deepEqual(judged({ home, cabin: { "tailnet.tailnet": "cabin.example.net" } }), []);
  });

  it("share a Proxmox cluster, a LAN and a router where each has its own place there", () => {
    const home = { "tailnet.policy.sites": {} };
    const cabin = {
      ...{ tailnet: undefined, "site.vlan": undefined, "site.lan": "192.168.1.0/24" },
      ...{ "proxmox.endpoint": "https://192.168.1.11:8006/", "proxmox.pool": "cabin" },
      ...{ "cluster.vip": "192.168.1.220", "machines[0].address": "192.168.1.221" },
      ...{ "network.l2": undefined, "network.loadBalancers": "10.97.0.0/16" },
      "network.bgp": { localAsn: 64_520, routerAsn: 64_513, routerAddress: "10.0.0.1" },
    };
    assert.deepEqual(judged({ home, cabin }), []);
  });

  it("may keep each other's backups", () => {
    assert.deepEqual(judged({ home: savingHome, cabin: keepingCabin }), []);
  });

  it("keep them both ways by what docs/sites.md says", () => {
    const page = readFileSync(new URL("../../../docs/sites.md", import.meta.url), "utf8");
    const files = page.matchAll(/```yaml\n# Pulumi\.(\w+)\.yaml.*\n([^]*?)```/g);
    const written = new Map(
      [...files].map(([, site = "", text = ""]) => [site, leaves(parse(text))]),
    );
    const classes = { "storage.classes": { "ceph-block": { kind: "block", default: true } } };
    const home = { ...classes, ...written.get("home") };
    assert.ok("backup.s3.endpoint" in home);
    const clashes = judged({ home, cabin: written.get("cabin") ?? {} });
    assert.deepEqual(clashes, []);
  });

  it("may have a name of each other's that leads where the other has it, for their LAN", () => {
    const known = (address: string): Pair["home"] => ({
      ...savingHome,
      "names.entries": { "s3.cabin.home.arpa": { address } },
    });
    const cabin = keepingCabin;
    assert.deepEqual(judged({ home: known("100.101.102.104"), cabin }), []);
    assert.notDeepEqual(judged({ home: known("192.168.1.6"), cabin }), []);
  });

  it("keep their certificates in items of their own", () => {
    const titles = ["home", "home-2"].map((name) => {
      const site = { name, config: sound("home").config };
      return keptObjects(site).map((object) => itemTitle(name, object));
    });
    const [one = [], other = []] = titles;
    assert.ok(one.length > 0);
    assert.deepEqual(
      one.filter((title) => other.includes(title)),
      [],
    );
  });
});

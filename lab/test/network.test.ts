import assert from "node:assert/strict";
import { sites } from "../world/inventory.ts";
import { explainRefusal, nsenterArguments, unshareArguments } from "../host/namespaces.ts";
import { publicHosts, publicTexts } from "../network/dns.ts";
import { routerCommands, seatCommands, visitorCommands } from "../network/links.ts";
import { hostsFile, resolverFile } from "../network/name-files.ts";

describe("the lab's network", () => {
  const seat = seatCommands(sites);

  it("gives the seat its own address before those of the Proxmox hosts", () => {
    const onHome = seat.filter((line) => /^address add .* dev vmbr0$/.test(line));
    assert.equal(onHome[0], "address add 192.168.1.2/24 dev vmbr0");
    assert.equal(onHome.length, 7);
    assert.ok(onHome.includes("address add 192.168.1.5/24 dev vmbr0"));
    assert.ok(onHome.includes("address add 192.168.1.14/24 dev vmbr0"));
  });

  it("reaches each router's BGP address through the router", () => {
    assert.ok(seat.includes("route add 10.0.0.1/32 via 192.168.1.1"));
    assert.ok(seat.includes("route add 10.0.1.1/32 via 192.168.2.1"));
  });

  it("pins a different address to each bridge", () => {
    const bridges = seat.flatMap((line) => /^link add vmbr\d address (\S+)/.exec(line)?.[1] ?? []);
    assert.equal(new Set(bridges).size, sites.length);
  });

  it("gives the visitor a way to the internet's services and to nothing else", () => {
    assert.deepEqual(
      visitorCommands().filter((line) => line.startsWith("route")),
      ["route add 203.0.113.0/24 via 198.51.100.1"],
    );
  });

  it("leads the zone's proxied names to the edge, and knows the others by their address", () => {
    const record = { content: "198.51.100.20", proxied: false };
    const hosts = publicHosts([
      { ...record, name: "typeo.example.net", type: "CNAME", proxied: true },
      { ...record, name: "plain.example.net", type: "A" },
      { ...record, name: "text.example.net", type: "TXT" },
    ]);
    assert.equal(hosts, "203.0.113.40\ttypeo.example.net\n198.51.100.20\tplain.example.net\n");
  });

  it("has the zone's texts as they were sent, with or without quotes", () => {
    const record = { name: "_acme-challenge.example.net", type: "TXT", proxied: false };
    assert.deepEqual(
      publicTexts([
        { ...record, content: "one" },
        { ...record, content: '"two words"' },
        { ...record, name: "plain.example.net", type: "A", content: "198.51.100.20" },
      ]),
      [
        'txt-record=_acme-challenge.example.net,"one"',
        'txt-record=_acme-challenge.example.net,"two words"',
      ],
    );
  });

  it("leaves a router by the seat", () => {
    const [home] = sites;
    assert.ok(home);
    assert.equal(routerCommands(home).at(-1), "route add default via 192.168.1.2");
  });

  it("names the mirrors and every Proxmox host for the seat", () => {
    const hosts = hostsFile(sites, "workstation");
    assert.match(hosts, /^203\.0\.113\.10\tgithub\.com$/m);
    assert.match(hosts, /^192\.168\.20\.11\thut\.cabin\.home\.arpa hut$/m);
    assert.match(resolverFile(sites), /^nameserver 192\.168\.1\.1\nsearch home\.arpa cabin\./);
  });
});

describe("the lab's namespaces", () => {
  it("are made without root by mapping a range of ids", () => {
    assert.ok(!unshareArguments(true).includes("--user"));
    assert.deepEqual(unshareArguments(false).slice(0, 3), [
      "--user",
      "--map-root-user",
      "--map-auto",
    ]);
  });

  it("are entered where unshare's children are, not where unshare is", () => {
    assert.ok(nsenterArguments(7, true).includes("--pid=/proc/7/ns/pid_for_children"));
    assert.equal(nsenterArguments(7, false)[0], "--user=/proc/7/ns/user");
  });

  const refused = "unshare: unshare failed: Operation not permitted";
  const user = { root: false, clone: "1", apparmor: "0", maximum: "1000" };

  it("say how to allow them, by the reason for which they are refused", () => {
    const cases: [string, Parameters<typeof explainRefusal>[1], RegExp][] = [
      [refused, { ...user, clone: "0" }, /sysctl kernel\.unprivileged_userns_clone=1/],
      [refused, { ...user, apparmor: "1" }, /apparmor_restrict_unprivileged_userns=0/],
      [refused, { ...user, maximum: "0" }, /user\.max_user_namespaces/],
      [refused, { root: true }, /CAP_SYS_ADMIN/],
      ["unshare: unrecognized option '--map-auto'", user, /util-linux 2\.38/],
      ["unshare: failed to execute newuidmap: No such file or directory", user, /install uidmap/],
      ['unshare: no line matching user "me" in /etc/subuid: Success', user, /--add-subuids/],
    ];
    for (const [complaint, settings, advice] of cases) {
      assert.match(explainRefusal(complaint, settings), advice);
    }
  });
});

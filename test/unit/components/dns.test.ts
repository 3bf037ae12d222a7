import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { cacheLabels, cacheSpec } from "../../../components/dns/cache-pods.ts";
import { nodeCorefile } from "../../../components/dns/corefile.ts";
import { clusterDnsService, dnsPorts, localRedirect } from "../../../components/dns/redirect.ts";
import { homeConfig } from "../stacks/sample.ts";
import { at } from "./at.ts";
import { recordedHome } from "./home-recording.ts";
import { violations } from "./json-schema.ts";
import { kindSchema } from "./lab-schema.ts";

const lab = new URL("../../../lab/", import.meta.url);
const plan = {
  clusterDomain: "cluster.local",
  upstream: "10.43.0.11",
  domains: [
    { domain: "home.arpa", servers: ["192.168.1.1"] },
    { domain: "corp.example", servers: ["192.168.1.9", "192.168.1.10"] },
  ],
  served: [],
  entries: 9984,
};

/** Server blocks of a Corefile: their lines by what stands before the brace. */
function blocks(corefile: string): ReadonlyMap<string, string> {
  return new Map(
    corefile.split(/^(?=\S)(?!\})/m).map((text) => {
      const [head = ""] = text.split(" {");
      return [head, text];
    }),
  );
}

describe("Corefile of the caches", () => {
  const all = blocks(nodeCorefile(plan));

  it("asks the cluster's DNS past the redirect, over TCP, for its names and for all addresses", () => {
    for (const zone of ["cluster.local:53", "in-addr.arpa:53", "ip6.arpa:53"])
      assert.match(all.get(zone) ?? "", /forward \. 10\.43\.0\.11 \{\n +force_tcp\n/, zone);
  });

  it("asks a domain's own servers in their order, and for all else the machine's", () => {
    assert.match(all.get("home.arpa:53") ?? "", /forward \. 192\.168\.1\.1\n/);
    const two = /forward \. 192\.168\.1\.9 192\.168\.1\.10 \{\n +policy sequential\n/;
    assert.match(all.get("corp.example:53") ?? "", two);
    assert.match(all.get(".:53") ?? "", /forward \. \/etc\/resolv\.conf\n/);
  });

  it("gives answers that have ended only where no server gives new ones", () => {
    for (const [zone, text] of all) assert.match(text, /serve_stale 1h verify\n/, zone);
  });

  it("leaves node-cache nothing to fill in, uses no plugin that it lacks, and tells its health once", () => {
    const text = nodeCorefile(plan);
    assert.doesNotMatch(text, /__PILLAR__/);
    const plugins = [...text.matchAll(/^ {4}([a-z]+)/gm)].map(([, plugin]) => plugin);
    // kubernetes/dns 1.26, cmd/node-cache/main.go
    const known = ["errors", "cache", "loop", "bind", "forward", "prometheus", "health"];
    assert.deepEqual([...new Set(plugins)].sort(), [...known].sort());
    assert.equal(plugins.filter((plugin) => plugin === "health").length, 1);
  });

  it("leads names from outside to Services, in the block that keeps the answers under either name", () => {
    const service = "cabin.tailscale.svc.cluster.local";
    const served = [{ name: "s3.cabin.home.arpa", service }];
    const own = blocks(nodeCorefile({ ...plan, served }));
    const text = own.get("cluster.local:53 s3.cabin.home.arpa:53") ?? "";
    assert.match(
      text,
      /^ {4}rewrite name exact s3\.cabin\.home\.arpa cabin\.tailscale\.svc\.cluster/m,
    );
    assert.match(text, /forward \. 10\.43\.0\.11 \{\n +force_tcp\n/);
    assert.equal(own.size, all.size);
  });

  it("has the names of the tailnet's hosts that the site file gives them", async () => {
    const cabin = { ip: "100.101.102.104", ports: [443], hostnames: ["s3.cabin.home.arpa"] };
    const recording = await recordedHome({ "tailnet.egress": { cabin } });
    const { data } = recording.get("home-dns-corefile").plain as { data: { Corefile: string } };
    assert.match(
      data.Corefile,
      /rewrite name exact s3\.cabin\.home\.arpa cabin\.tailscale\.svc\.cluster\.local\n/,
    );
  });
});

describe("local redirect", () => {
  const documents = parseAllDocuments(
    readFileSync(new URL("cluster/rke2/manifests/coredns.yaml", lab), "utf8"),
  ).map((document) => document.toJS() as { readonly kind: string });
  const service = documents.find(({ kind }) => kind === "Service");

  it("names the ports as the cluster DNS's Service does: Cilium redirects no other", () => {
    const ports = at(service, "spec.ports") as { name: string; port: number; protocol: string }[];
    assert.deepEqual(
      ports.map(({ name, port, protocol }) => ({ name, port, protocol })),
      dnsPorts,
    );
    const spec = cacheSpec({ version: "1.26.8", configMap: "a", corefile: "" });
    const container = at(spec, "template.spec.containers[0].ports") as { name: string }[];
    for (const { name } of dnsPorts) assert.ok(container.some((port) => port.name === name));
    const policy = localRedirect(cacheLabels);
    assert.deepEqual(
      policy.redirectFrontend.serviceMatcher.toPorts,
      policy.redirectBackend.toPorts,
    );
  });

  it("matches the Service and the pods that there are", () => {
    assert.equal(at(service, "metadata.name"), clusterDnsService.name);
    assert.equal(at(service, "metadata.namespace"), clusterDnsService.namespace);
    const pods = documents.find(({ kind }) => kind === "Deployment");
    const labels = at(pods, "spec.template.metadata.labels") as Record<string, string>;
    for (const [key, value] of Object.entries(clusterDnsService.selector))
      assert.equal(labels[key], value);
  });

  it("fits Cilium's own kind, and lets no loop arise by an exception for its pods", () => {
    const schema = kindSchema("cluster/cilium/crds/ciliumlocalredirectpolicy_v2.json");
    const spec = localRedirect(cacheLabels);
    assert.deepEqual(violations(schema, { spec, metadata: {} }), []);
    assert.equal("skipRedirectFromBackend" in spec, false);
  });

  it("is replaced by another one and never updated, and the former goes first: their name is one", async () => {
    const { options } = (await recordedHome()).get("home-dns-redirect");
    assert.deepEqual(options.replaceOnChanges, ["spec"]);
    assert.equal(options.deleteBeforeReplace, true);
  });
});

describe("caches", () => {
  const spec = cacheSpec({ version: "1.26.8", configMap: "a", corefile: "one" });

  it("run without rights, and are let have port 53 by a sysctl that every kubelet allows", () => {
    const pod = at(spec, "template.spec");
    assert.equal(at(pod, "securityContext.runAsNonRoot"), true);
    assert.equal(at(pod, "hostNetwork"), undefined);
    assert.deepEqual(at(pod, "securityContext.sysctls"), [
      { name: "net.ipv4.ip_unprivileged_port_start", value: "0" },
    ]);
    assert.deepEqual(at(pod, "containers[0].securityContext.capabilities"), { drop: ["ALL"] });
  });

  it("write the Corefile where they may, and read what they are given elsewhere", () => {
    const args = at(spec, "template.spec.containers[0].args") as string[];
    assert.ok(args.includes("-basecorefile=/etc/coredns/Corefile"));
    const written = args.find((arg) => arg.startsWith("-conf="))?.slice("-conf=".length) ?? "";
    const mounts = at(spec, "template.spec.containers[0].volumeMounts") as {
      mountPath: string;
      readOnly?: boolean;
    }[];
    const folder = mounts.find(({ mountPath }) => written.startsWith(`${mountPath}/`));
    assert.equal(folder?.readOnly, undefined);
    assert.ok(
      args.some((arg) => arg.startsWith("-localip=")),
      "node-cache does not start without",
    );
  });

  it("run on every node, and are rolled out by another Corefile", () => {
    assert.deepEqual(at(spec, "template.spec.tolerations"), [{ operator: "Exists" }]);
    const other = cacheSpec({ version: "1.26.8", configMap: "a", corefile: "two" });
    const mark = "template.metadata.annotations";
    assert.notDeepEqual(at(spec, mark), at(other, mark));
  });
});

describe("caches on nodes with the CIS profile", () => {
  const policy = "home-dns-questions";

  it("are open to questions of all pods, which RKE2 keeps from kube-system, before any is sent there", async () => {
    const recording = await recordedHome({ "cluster.profile": "cis" });
    const { plain } = recording.resources.find(({ name }) => name === policy) ?? {};
    assert.equal(at(plain, "metadata.namespace"), "kube-system");
    assert.deepEqual(at(plain, "spec"), {
      podSelector: { matchLabels: cacheLabels },
      policyTypes: ["Ingress"],
      ingress: [
        {
          ports: [
            { port: 53, protocol: "UDP" },
            { port: 53, protocol: "TCP" },
          ],
        },
      ],
    });
    assert.ok(recording.waitsFor("home-dns-redirect").has(policy));
  });

  it("need no policy elsewhere, where it would close their other ports", async () => {
    const { resources } = await recordedHome({});
    assert.ok(!resources.some(({ name }) => name === policy));
  });
});

describe("DNS of a site", () => {
  it("asks the machines' nameservers for its own domain, and the operator's for the tailnet's", () => {
    const { dns } = homeConfig({ "site.dns": ["192.168.1.7"], "dns.tailnet": true });
    assert.deepEqual(dns?.servers, [
      { domain: "home.arpa", servers: ["192.168.1.7"] },
      { domain: "ts.net", servers: ["10.43.0.12"] },
    ]);
    assert.equal(dns.upstream, "10.43.0.11");
  });

  it("knows no names of a tailnet that it has not or does not want", () => {
    for (const changes of [{ tailnet: undefined }, { "dns.tailnet": false }]) {
      const { dns } = homeConfig(changes);
      assert.equal(dns?.nameserver, undefined);
      assert.ok(!dns?.servers.some(({ domain }) => domain === "ts.net"));
    }
  });

  it("takes what is written for a domain in place of what it knows", () => {
    const { dns } = homeConfig({ "dns.domains": { "home.arpa": ["192.168.1.9"] } });
    assert.deepEqual(dns?.servers[0], { domain: "home.arpa", servers: ["192.168.1.9"] });
  });
});

import assert from "node:assert/strict";
import { provenScript } from "../../components/gateway/proof.ts";
import { learnedRoutes } from "./cluster.ts";
import { ensureCredentials } from "../../lab/world/credentials.ts";
import { attempt, kubectl, paths, run } from "./command.ts";
import { gatewayAddress, ports, routed, siteIsRouted } from "./gateway.ts";
import { asProgram, serviceToken, shown } from "./passes.ts";
import { eventually } from "./site.ts";
import { given } from "./states.ts";
import { trustFile } from "./trust.ts";
import { visit } from "./world.ts";

const lookup = `const { Resolver } = require("node:dns/promises");
const resolver = new Resolver({ timeout: 2000, tries: 3 });
resolver.setServers([process.argv[1]]);
resolver.resolve4(process.argv[2]).then((found) => console.log(found.join()));`;

/** Fails unless a page is one of the application's pods'. */
async function expectApplication(page: string): Promise<void> {
  const { items } = await kubectl<{
    items: { metadata: { name: string } }[];
  }>`--context home get pods -n typeo`;
  const shown = /id="pod">([^<]*)</.exec(page)?.[1];
  assert.ok(
    items.some(({ metadata }) => metadata.name === shown),
    page,
  );
}

/** Everything here asks by name, as a device of the LAN does: the router tells it the address, and has learned the way by BGP. */
describe("from the LAN through the gateway", () => {
  given(siteIsRouted);

  let trust: string;
  before(async () => {
    trust = await trustFile();
  });

  it("the router knows the way, to the nodes that have a proxy", async () => {
    assert.ok((await learnedRoutes("home")).includes(`${gatewayAddress}/32`));
  });

  it("HTTP is sent to HTTPS, for names with a route too", async () => {
    for (const name of [routed.own, routed.zone]) {
      const said =
        await run`curl -sS -m 10 -o /dev/null -w ${"%{http_code} %{redirect_url}"} http://${name}/`;
      assert.equal(said, `301 https://${name}/`);
    }
  });

  it("HTTPS shows a certificate of the site's own authority, and leads to the application's pod", async () => {
    const page = await run`curl -sS -m 10 -L --cacert ${trust} http://${routed.own}/`;
    await expectApplication(page);
    assert.match(page, /id="host">typeo\.home\.arpa</);
  });

  it("HTTPS of a name in the public zone shows a certificate that every device trusts", async () => {
    const page = await run`curl -sS -m 10 https://${routed.zone}/`;
    await expectApplication(page);
    assert.match(page, /id="host">inside\.example\.net</);
  });

  it("a slash that is escaped in a path reaches the application so", async () => {
    const page = await run`curl -sS -m 10 --cacert ${trust} https://${routed.own}/a%2Fb`;
    assert.match(page, /id="path">\/a%2Fb</);
  });

  it("HTTPS of a name without a route leads nowhere", async () => {
    const other = ["--resolve", `other.home.arpa:443:${gatewayAddress}`];
    const code =
      await run`curl -sS -m 10 --cacert ${trust} -o /dev/null -w ${"%{http_code}"} ${other} https://other.home.arpa/`;
    assert.equal(code, "404");
  });

  it("TLS passes through by its name, to the certificate behind, and no other name does", async () => {
    const url = `https://${routed.passed}:${ports.tls}/version`;
    const { stderr } = await attempt`curl -sSkv -m 10 -o /dev/null ${url}`;
    assert.match(stderr, /subject: CN=kube-apiserver/);
    assert.match(stderr, /issuer: CN=rke2-server-ca/);
    const other = ["--resolve", `other.home.arpa:${ports.tls}:${gatewayAddress}`];
    const { code } =
      await attempt`curl -sSk -m 10 -o /dev/null ${other} https://other.home.arpa:${ports.tls}/`;
    assert.notEqual(code, 0);
  });

  it("TCP reaches what its route names", async () => {
    await expectApplication(await run`curl -sS -m 10 http://${routed.own}:${ports.tcp}/`);
  });

  it("UDP reaches what its route names", async () => {
    const server = `${gatewayAddress}:${ports.udp}`;
    const name = "kubernetes.default.svc.cluster.local";
    assert.equal((await run`node -e ${lookup} ${server} ${name}`).trim(), "10.43.0.1");
  });
});

describe("a route to a Service that is not there", () => {
  given(siteIsRouted);

  const name = "nobody";
  after(() => run`kubectl --context home -n typeo delete httproute ${name} --ignore-not-found`);

  it("ends the step that every up waits for routes with, in the words of Envoy Gateway", async () => {
    const route = {
      ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" },
      metadata: { name, namespace: "typeo" },
      spec: {
        parentRefs: [{ name: "lan", namespace: "envoy-gateway-system" }],
        hostnames: ["nobody.home.arpa"],
        rules: [{ backendRefs: [{ name, port: 80 }] }],
      },
    };
    await run`bash -c ${`kubectl --context home create -f - <<< '${JSON.stringify(route)}'`}`;
    const { code, stderr } = await proof(`httproute typeo ${name}`);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /httproute typeo\/nobody at Gateway lan: ResolvedRefs is False, BackendNotFound: .*service typeo\/nobody not found/,
    );
  });
});

/** The script of that step, asked on a server with less patience. */
async function proof(objects: string) {
  const less = provenScript.replace("patience=300", "patience=5");
  const script = ["CLASS=", `OBJECTS='${objects}'`, less].join("\n");
  const command = `bash -c "$(echo ${Buffer.from(script).toString("base64")} | base64 -d)"`;
  return attempt`ssh proxmox-stone ${command}`;
}

describe("from the internet through the gateway", () => {
  given(siteIsRouted);

  const url = `https://${routed.internet}/`;

  it("a visitor without an identity is sent to the login of the route's name", async () => {
    const { status, location } = await visit(url);
    assert.equal(status, 302);
    const login = `https://homelab.cloudflareaccess.com/cdn-cgi/access/login/${routed.internet}`;
    assert.ok(location?.startsWith(login), location);
  });

  it("a program with a service token comes by tunnel and proxies to the application's pod", async () => {
    const token = await serviceToken();
    await eventually(30, async () => {
      const page = await visit(url, asProgram(token));
      assert.equal(page.status, 200, page.body);
      await expectApplication(page.body);
      assert.equal(shown(page, "host"), routed.internet);
    });
  });

  it("nobody but cloudflared reaches its proxies", async () => {
    const { spec } = await kubectl<{
      spec: { clusterIP: string };
    }>`--context home get service envoy-public -n envoy-gateway-system`;
    const { code } = await attempt`curl -sS -m 4 -o /dev/null http://${spec.clusterIP}/`;
    assert.equal(code, 28);
  });
});

/** What `npm run status` tells, as far as it is held here (stacks/status/status.ts). */
interface Told {
  readonly names: readonly {
    readonly host: string;
    readonly to: string;
    readonly pods?: { readonly ready: number; readonly all: number };
    readonly answer?: { readonly severity: string; readonly text: string };
    readonly certificate?: { readonly days: number };
  }[];
  readonly hosts: readonly {
    readonly state: unknown;
    readonly machines: readonly { readonly state: unknown; readonly node: unknown }[];
  }[];
  readonly versions: readonly {
    readonly what: string;
    readonly version: string;
    readonly newest?: string;
  }[];
  readonly seen: {
    readonly summary: { readonly error: number; readonly warning: number };
    readonly backups: unknown;
    readonly certificates: readonly { readonly ready: boolean; readonly days: number }[];
  };
}

describe("the status of a site that is reached", () => {
  given(siteIsRouted);

  let text: string;
  let told: Told;
  before(async () => {
    const { code, stdout, stderr } = await attempt`node scripts/status.ts --stack home --json`;
    assert.ok(stdout.startsWith("{"), `${stdout}\n${stderr}`);
    text = stdout;
    told = JSON.parse(stdout) as Told;
    const { error, warning } = told.seen.summary;
    assert.equal(code, error > 0 ? 1 : warning > 0 ? 2 : 0, stderr);
  });

  it("tells whom each name is for, and what it answers to whoever asks it from the LAN", () => {
    const expected: readonly (readonly [host: string, to: string, text: RegExp])[] = [
      ["typeo.example.net", "public", /^Access asks for a login$/],
      [routed.internet, "public", /^Access asks for a login$/],
      [routed.own, "lan", /^answers 200$/],
      [routed.zone, "lan", /^answers 200$/],
      // What is behind has a certificate for its own names.
      [routed.passed, "lan", /^its certificate is not for it: .*control\.home\.arpa/],
      ["listener typeo", "lan", /^takes connections$/],
      ["listener dns", "lan", /^UDP/],
    ];
    for (const [host, to, text] of expected) {
      const one = told.names.find((name) => name.host === host);
      assert.equal(one?.to, to, host);
      const answer = one.answer?.text ?? "";
      assert.match(answer, text, `${host}: ${answer}`);
    }
    assert.ok(told.names.every(({ answer }) => answer !== undefined));
  });

  it("has each certificate's days from the name itself, as cert-manager has them", () => {
    const { certificates } = told.seen;
    assert.ok(certificates.every(({ ready, days }) => ready && days > 0));
    for (const host of [routed.own, routed.zone]) {
      const days = told.names.find((one) => one.host === host)?.certificate?.days ?? 0;
      assert.ok(
        certificates.some((one) => one.days === days),
        `${host}: ${days} days`,
      );
    }
  });

  it("counts the pods behind each, and sees every host, machine and node", () => {
    const own = told.names.filter(({ host }) => host === routed.own);
    assert.deepEqual(
      own.map(({ pods }) => pods),
      [{ ready: 2, all: 2 }],
    );
    const machines = told.hosts.flatMap((host) => host.machines);
    assert.deepEqual([told.hosts.length, machines.length], [4, 4]);
    assert.ok(told.hosts.every(({ state }) => state === "online"));
    for (const { state, node } of machines) {
      assert.equal(state, "running");
      assert.equal((node as { ready?: boolean }).ready, true, JSON.stringify(node));
    }
  });

  it("knows of what a newer chart is out, by the lists that the charts come from", () => {
    const cilium = told.versions.find(({ what }) => what === "Cilium");
    assert.ok(cilium?.newest !== undefined, JSON.stringify(told.versions));
    const known = told.versions.filter(({ newest }) => newest !== undefined);
    assert.ok(known.length > 5, JSON.stringify(told.versions));
  });

  it("tells no secret", async () => {
    const { ssh, tailscale, objectStore, connectServer, ...rest } = await ensureCredentials(
      paths.state,
    );
    const { clientSecret } = await serviceToken();
    const { stdout: key } =
      await attempt`pulumi stack output serverToken --show-secrets --stack home`;
    for (const secret of [
      ...[rest.apiTokenSecret, rest.connectToken, rest.cloudflareToken, connectServer.token],
      ...[tailscale.clientSecret, objectStore.secretKey, ssh.privateKey.split("\n")[2]],
      ...[clientSecret, key.trim()],
    ]) {
      assert.ok(secret !== undefined && secret.length > 15);
      assert.ok(!text.includes(secret));
    }
  });
});

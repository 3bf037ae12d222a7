import assert from "node:assert/strict";
import { provenScript } from "../../components/gateway/proof.ts";
import { learnedRoutes } from "./cluster.ts";
import { attempt, kubectl, run } from "./command.ts";
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

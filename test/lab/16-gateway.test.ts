import assert from "node:assert/strict";
import { attempt, run } from "./command.ts";
import { eventually, nothingToChange } from "./site.ts";
import { given, siteIsUp, switchedOn } from "./states.ts";

/** Where the gateway of the LAN listens. */
const address = "10.96.0.80";

/** A listener and a route of each kind, to what every site has: an application, the API, the cluster's DNS. */
const section = `  homelab:gateway:
    lan:
      address: ${address}
      listeners:
        - { name: api, port: 9443, protocol: tls, hostname: "*.home.arpa" }
        - { name: typeo, port: 9080, protocol: tcp }
        - { name: dns, port: 5353, protocol: udp }
    routes:
      typeo: { hostnames: [typeo.home.arpa], namespace: typeo, service: typeo, port: 8080 }
      typeo-tcp: { kind: tcp, listener: typeo, namespace: typeo, service: typeo, port: 8080 }
      api: { kind: tls, listener: api, hostnames: [api.home.arpa], namespace: default, service: kubernetes, port: 443 }
      dns: { kind: udp, listener: dns, namespace: kube-system, service: rke2-coredns-rke2-coredns, port: 53 }
`;

const lookup = `const { Resolver } = require("node:dns/promises");
const resolver = new Resolver({ timeout: 2000, tries: 3 });
resolver.setServers(["${address}:5353"]);
resolver.resolve4("kubernetes.default.svc.cluster.local").then((found) => console.log(found.join()));`;

/** Everything here asks as a device of the LAN does, which the router has taught the way by BGP. */
describe("from the LAN through the gateway", () => {
  given(siteIsUp);

  switchedOn(["gateway", "certificates"], section);

  const typeo = ["--resolve", `typeo.home.arpa:443:${address}`];

  it("HTTP is sent to HTTPS", async () => {
    const host = "Host: typeo.home.arpa";
    await eventually(60, async () => {
      const said =
        await run`curl -sS -m 10 -o /dev/null -w ${"%{http_code} %{redirect_url}"} -H ${host} http://${address}/`;
      assert.equal(said, "301 https://typeo.home.arpa/");
    });
  });

  it("HTTPS shows a certificate of the site's own authority, and leads to the application's pod", async () => {
    const path = "jsonpath={.data.ca\\.crt}";
    const encoded =
      await run`kubectl --context home get secret -n certificates home-arpa-tls -o ${path}`;
    const trust = `echo ${encoded} | base64 -d >"$HOME/home-ca.crt" && exec curl -sS -m 10 --cacert "$HOME/home-ca.crt" "$@"`;
    const page = await run`sh -c ${trust} - ${typeo} https://typeo.home.arpa/`;
    assert.match(page, /id="pod"/);
    assert.match(page, /id="host">typeo\.home\.arpa</);
  });

  it("HTTPS of a name without a route leads nowhere", async () => {
    const other = ["--resolve", `other.home.arpa:443:${address}`];
    const code =
      await run`curl -sSk -m 10 -o /dev/null -w ${"%{http_code}"} ${other} https://other.home.arpa/`;
    assert.equal(code, "404");
  });

  it("TLS passes through by its name, to the certificate behind", async () => {
    const way = ["--resolve", `api.home.arpa:9443:${address}`];
    const { stderr } =
      await attempt`curl -sSkv -m 10 -o /dev/null ${way} https://api.home.arpa:9443/version`;
    assert.match(stderr, /issuer: .*rke2-server-ca/, stderr);
  });

  it("TCP and UDP reach what their routes name", async () => {
    assert.match(await run`curl -sS -m 10 http://${address}:9080/`, /id="pod"/);
    assert.equal((await run`node -e ${lookup}`).trim(), "10.43.0.1");
  });

  it("has nothing to change", async () => {
    await nothingToChange("home");
  });
});

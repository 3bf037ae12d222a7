import assert from "node:assert/strict";
import { createSign, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { parse, stringify } from "yaml";
import { kubeloginRedirects, peopleKubeconfig } from "../../../components/people/kubeconfig.ts";
import { bindingObject, peopleBindings, type ApiRights } from "../../../components/people/roles.ts";
import { authenticationConfig, type ApiSignOn } from "../../../components/rke2/authentication.ts";
import { selfSigned } from "../../../lab/test/apis/certificate.ts";
import { ApiServer } from "./api-server.ts";
import { at } from "./at.ts";

/** A provider of OpenID Connect, as far as an API server asks one: where its keys are, and the keys. */
class Provider {
  readonly #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  readonly #tls = selfSigned();
  readonly authority = this.#tls.cert;
  readonly #server: Server = createServer(this.#tls, ({ url = "" }, answer) => {
    const { issuer } = this.signOn;
    const [discovery, keys] = [`/.well-known/openid-configuration`, "/jwks"].map(
      (path) => new URL(issuer + path).pathname,
    );
    const jwk = this.#keys.publicKey.export({ format: "jwk" });
    const said = {
      [discovery ?? ""]: { issuer, jwks_uri: `${issuer}/jwks` },
      [keys ?? ""]: { keys: [{ ...jwk, kid: "one", use: "sig", alg: "RS256" }] },
    }[url];
    answer.writeHead(said === undefined ? 404 : 200, { "content-type": "application/json" });
    answer.end(JSON.stringify(said ?? {}));
  });
  #port = 0;

  get signOn(): ApiSignOn {
    return { issuer: `https://127.0.0.1:${this.#port}/sso/oidc/kubectl`, clientId: "kubectl" };
  }

  /** Takes a port, and leaves it: nobody answers there yet. */
  async reserve(): Promise<void> {
    await this.answer();
    await this.fallSilent();
  }

  async answer(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async fallSilent(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), "close");
  }

  /** A token as it hands one out to somebody who has signed on. */
  token(claims: object): string {
    const now = Math.floor(Date.now() / 1000);
    const { issuer: iss, clientId: aud } = this.signOn;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ alg: "RS256", kid: "one" })}.${part({ iss, aud, sub: "1", iat: now, exp: now + 3600, ...claims })}`;
    const signature = createSign("RSA-SHA256").update(signed).sign(this.#keys.privateKey);
    return `${signed}.${signature.toString("base64url")}`;
  }
}

describe("signing on to the real API server", function () {
  this.timeout(300_000);
  const provider = new Provider();
  const api = new ApiServer((file) => {
    // The real one's certificate is of an authority that every machine knows.
    const config = parse(authenticationConfig(provider.signOn)) as {
      jwt: { issuer: Record<string, unknown> }[];
    };
    for (const { issuer } of config.jwt) issuer["certificateAuthority"] = provider.authority;
    return {
      "authentication-config": file("authentication.yaml", stringify(config)),
      "authorization-mode": "RBAC",
    };
  });
  const ada = "ada@example.net";
  const bert = "bert@example.net";

  const give = async (rights: ApiRights): Promise<void> => {
    for (const binding of peopleBindings(rights)) {
      const kinds = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding" };
      const object = JSON.stringify({ ...kinds, ...bindingObject(binding) });
      await api.until("kubectl", ["apply", "-f", "-"], object);
    }
  };
  /** What the controller manager does, which is not there: `view` is put together of roles with a label. */
  const fillView = async (): Promise<void> => {
    const part = ["get", "clusterrole", "system:aggregate-to-view", "-o", "json"];
    await api.until("kubectl", part);
    const { rules } = JSON.parse((await api.run("kubectl", part)).output) as { rules: unknown };
    const patch = JSON.stringify({ rules });
    await api.until("kubectl", ["patch", "clusterrole", "view", "--type=merge", "-p", patch]);
  };
  const as = (email: string, ...args: string[]) =>
    api.run("kubectl", [...args, `--token=${provider.token({ email })}`]);
  const may = async (email: string, verb: string, resource: string): Promise<boolean> =>
    (await as(email, "auth", "can-i", verb, resource, "-A")).output.startsWith("yes");

  after(async () => {
    await api.stop();
    await provider.fallSilent();
  });

  it("does not keep it from starting while the provider does not answer", async () => {
    await provider.reserve();
    await api.start();
    const { code } = await as(ada, "auth", "whoami");
    assert.notEqual(code, 0);
    await provider.answer();
  });

  it("is known by the address in the token, once the provider answers", async () => {
    const token = `--token=${provider.token({ email: ada })}`;
    const name = ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"];
    await api.until("kubectl", [...name, token]);
    assert.equal((await api.run("kubectl", [...name, token])).output, `access:${ada}`);
  });

  it("takes no token that is another service's, or of an address that nobody has verified", async () => {
    for (const claims of [
      { email: ada, aud: "grafana" },
      { email: ada, email_verified: false },
      { email: ada, exp: Math.floor(Date.now() / 1000) - 60 },
      {},
    ]) {
      const token = `--token=${provider.token(claims)}`;
      const { code, output } = await api.run("kubectl", ["auth", "whoami", token]);
      assert.notEqual(code, 0, JSON.stringify(claims));
      assert.match(output, /must be logged in|Unauthorized/);
    }
  });

  it("gives each what the groups say, and a stranger nothing", async () => {
    await fillView();
    await give({ admins: [ada], readers: [bert] });
    assert.ok(await may(ada, "delete", "nodes"));
    assert.ok(await may(bert, "list", "pods"));
    for (const [verb, resource] of [
      ["list", "secrets"],
      ["create", "pods"],
    ] as const)
      assert.ok(!(await may(bert, verb, resource)), `${verb} ${resource}`);
    assert.ok(!(await may("carla@example.net", "list", "pods")));
  });

  it("leaves nothing to somebody who was taken out, though the token lives on", async () => {
    await give({ admins: ["dora@example.net"], readers: [bert] });
    await api.until("kubectl", [
      "auth",
      "can-i",
      "list",
      "nodes",
      `--token=${provider.token({ email: "dora@example.net" })}`,
    ]);
    const { code, output } = await as(ada, "get", "pods", "-A");
    assert.notEqual(code, 0);
    assert.match(output, /Forbidden.*User "access:ada@example\.net" cannot list resource "pods"/s);
  });
});

describe("the kubeconfig of people", () => {
  const own = stringify({
    clusters: [
      {
        name: "home",
        cluster: { server: "https://192.168.1.20:6443", "certificate-authority-data": "Q0E=" },
      },
    ],
    users: [{ name: "home", user: { "client-key-data": "c2VjcmV0" } }],
  });
  const signOn = { issuer: "https://house.cloudflareaccess.com/x", clientId: "id" };
  const made = peopleKubeconfig(own, "home", signOn);

  it("leads to the cluster, and holds nothing of the administrator's", () => {
    const [{ cluster } = {}] = at(parse(made), "clusters") as { cluster?: unknown }[];
    assert.deepEqual(cluster, {
      server: "https://192.168.1.20:6443",
      "certificate-authority-data": "Q0E=",
    });
    assert.doesNotMatch(made, /client-key|c2VjcmV0|secret/);
  });

  it("has kubelogin ask the browser, for a token with the address", () => {
    for (const argument of [
      `--oidc-issuer-url=${signOn.issuer}`,
      `--oidc-client-id=${signOn.clientId}`,
      "--oidc-extra-scope=email",
      "--oidc-pkce-method=S256",
    ])
      assert.ok(made.includes(argument), argument);
    assert.deepEqual(
      kubeloginRedirects.map((uri) => new URL(uri).hostname),
      ["localhost", "localhost"],
    );
  });
});

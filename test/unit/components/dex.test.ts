import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { dexConfig, type DexPlan } from "../../../components/identity/dex-config.ts";
import { dexIssuer } from "../../../components/identity/names.ts";
import { kubeloginRedirects } from "../../../components/people/kubeconfig.ts";
import { laterConfig, nobodySignsOn } from "../../../components/rke2/authentication.ts";
import { apiSignOnScript } from "../../../components/people/api-sign-on.ts";
import { ensureRepositories } from "../../../toolchain/repositories.ts";
import { ApiServer } from "./api-server.ts";
import { claimsOf, DexProcess, type Login } from "./dex-process.ts";
import { runScript, serverRoot } from "./machine-script.ts";

const ada = "ada@example.net";
const bert = "bert@example.net";
const back = "https://grafana.home.arpa/login/generic_oauth";

/** bcrypt of `ada's` and of `bert's`, of cost 10. */
const hashes = {
  [ada]: "$2a$10$luP2/bFheU.rvcNY79e53u7u7OQx0jbS8SzPaHSOJyc6URenZF8Je",
  [bert]: "$2a$10$KCKaR2EnhFI1LkNciRf.Au4cUQfr2nnHB9BI1ZDTyz8JOFi4TkrS.",
};

const services: DexPlan["services"] = {
  grafana: { title: "Grafana", url: "https://grafana.home.arpa", redirectUris: [back], emails: [] },
  kubernetes: {
    ...{ title: "Kubernetes", url: "https://192.168.1.20:6443", emails: [] },
    ...{ redirectUris: kubeloginRedirects, onPeoplesMachines: true },
  },
};

describe("the real Dex", function () {
  this.timeout(300_000);
  const dex = new DexProcess();
  let people = "";
  const api = new ApiServer((file) => {
    people = file("people.yaml", nobodySignsOn);
    return { "authentication-config": people, "authorization-mode": "RBAC" };
  });

  const config = (of: DexPlan["people"]): string =>
    dexConfig(
      { hostname: dex.hostname, session: "8h", people: of, services },
      { hashes, clients: { grafana: "grafana's secret" } },
    );
  const both = [
    { email: ada, groups: ["admins", "family"] },
    { email: bert, groups: ["family"] },
  ];
  const toGrafana = (email: string, password: string): Login => ({
    ...{ email, password, client: "grafana", redirect: back },
  });
  const toKubernetes = (email: string, password: string): Login => ({
    ...{ email, password, client: "kubernetes", redirect: kubeloginRedirects[0] },
  });
  const whoami = async (token: string | undefined) => {
    const name = ["-o", "jsonpath={.status.userInfo.username}"];
    return api.run("kubectl", ["auth", "whoami", ...name, `--token=${token ?? ""}`]);
  };
  const keys = async (): Promise<readonly string[]> => {
    const { body } = await dex.ask("/keys");
    return (JSON.parse(body) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  };

  before(async () => {
    await dex.reserve();
    await api.start();
    // As the step of definitions.ts applies them.
    const folder = join(await ensureRepositories(), "dexidp/dex/v2.45.1/scripts/manifests/crds");
    await api.until("kubectl", ["apply", "--server-side", "-f", folder]);
    await api.until("kubectl", ["wait", "--for=condition=Established", "-f", folder]);
    await dex.start(config(both), api);
  });

  after(async () => {
    await dex.stop();
    dex.remove();
    await api.stop();
  });

  it("takes the config, and is found by the name of its issuer", async () => {
    const { body } = await dex.ask("/.well-known/openid-configuration");
    const said = JSON.parse(body) as Record<string, unknown>;
    assert.equal(said["issuer"], dexIssuer(dex.hostname));
    assert.equal(said["authorization_endpoint"], `${dexIssuer(dex.hostname)}/auth`);
    assert.deepEqual(said["grant_types_supported"], ["authorization_code"]);
  });

  it("keeps its keys as objects of the cluster", async () => {
    const { output } = await api.run("kubectl", ["get", "signingkeies.dex.coreos.com", "-A"]);
    assert.match(output, /openid-connect-keys/);
  });

  it("hands out a token with address and groups for a password, and nothing to refresh it by", async () => {
    const tokens = await dex.tokens(toGrafana(ada, "ada's"), "grafana's secret");
    const { iss, aud, email, email_verified, groups, exp, iat } = claimsOf(tokens.id_token);
    assert.deepEqual([iss, aud, email], [dexIssuer(dex.hostname), "grafana", ada]);
    assert.deepEqual([email_verified, groups], [true, ["admins", "family"]]);
    assert.equal(Number(exp) - Number(iat), 8 * 3600);
    const form = { grant_type: "refresh_token", refresh_token: String(tokens["refresh_token"]) };
    const secret = { client_id: "grafana", client_secret: "grafana's secret" };
    const { status, body } = await dex.ask("/token", { ...form, ...secret });
    assert.deepEqual([status, JSON.parse(body)], [400, { error: "unsupported_grant_type" }]);
  });

  it("says who somebody is at the address that Grafana asks", async () => {
    const tokens = await dex.tokens(toGrafana(bert, "bert's"), "grafana's secret");
    const authorization = `Bearer ${tokens.access_token ?? ""}`;
    const { body } = await dex.ask("/userinfo", undefined, { authorization });
    assert.equal((JSON.parse(body) as Record<string, unknown>)["email"], bert);
  });

  it("lets nobody in by another's password, as a stranger, without a browser or back to another address", async () => {
    for (const login of [toGrafana(ada, "bert's"), toGrafana("eve@example.net", "ada's")]) {
      const { location, body } = await dex.login(login);
      assert.equal(location, "");
      assert.match(body, /Invalid Email Address and password/i);
    }
    const away = await dex.login({
      ...toGrafana(ada, "ada's"),
      redirect: "https://eve.example.net/",
    });
    assert.equal(away.status, 400);
    const form = { grant_type: "password", username: ada, password: "ada's", scope: "openid" };
    const direct = await dex.ask("/token", {
      ...form,
      ...{ client_id: "grafana", client_secret: "grafana's secret" },
    });
    assert.equal(direct.status, 400);
  });

  it("is not believed by an API server that was not told of it", async () => {
    const tokens = await dex.tokens(toKubernetes(ada, "ada's"), "");
    assert.notEqual((await whoami(tokens.id_token)).code, 0);
  });

  it("is believed once a step has told it, without a restart, by the site's own authority", async () => {
    const root = serverRoot(api.kubeconfig);
    try {
      const certificate = join(root, "ca.crt");
      writeFileSync(certificate, dex.authority);
      await api.until("kubectl", ["create", "namespace", "cert-manager"]);
      const secret = ["create", "secret", "generic", "internal-ca", "-n", "cert-manager"];
      await api.until("kubectl", [...secret, `--from-file=tls.crt=${certificate}`]);
      const signOn = { issuer: dexIssuer(dex.hostname), clientId: "kubernetes" };
      const parameters = {
        ...{ FILE: people, HOST: dex.hostname.split(":")[0] ?? "", GENERATION: "" },
        CONFIG: laterConfig(signOn, true),
      };
      const { code, stderr } = await runScript(root, apiSignOnScript, parameters);
      assert.equal(code, 0, stderr);
    } finally {
      rmSync(root, { recursive: true });
    }
    const tokens = await dex.tokens(toKubernetes(ada, "ada's"), "");
    assert.equal((await whoami(tokens.id_token)).output, `access:${ada}`);
    const other = await dex.tokens(toGrafana(ada, "ada's"), "grafana's secret");
    assert.notEqual((await whoami(other.id_token)).code, 0, "a token of another service");
  });

  it("is told of without a wait where the machine does not find its name yet", async () => {
    const root = serverRoot(api.kubeconfig);
    const other = join(root, "people.yaml");
    try {
      const signOn = { issuer: "https://id.nowhere.invalid", clientId: "kubernetes" };
      const { code, stderr } = await runScript(root, apiSignOnScript, {
        ...{ FILE: other, HOST: "id.nowhere.invalid", GENERATION: "" },
        CONFIG: laterConfig(signOn, false),
      });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /does not find id\.nowhere\.invalid: until the LAN's resolver has/);
      assert.equal(readFileSync(other, "utf8").trim(), laterConfig(signOn, false));
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("knows somebody no more who was taken out, with its keys and all others as before", async () => {
    const [before, tokens] = [await keys(), await dex.tokens(toKubernetes(bert, "bert's"), "")];
    await dex.stop();
    await dex.start(config(both.filter(({ email }) => email !== ada)), api);
    const { location } = await dex.login(toGrafana(ada, "ada's"));
    assert.equal(location, "");
    assert.deepEqual(await keys(), before);
    assert.equal((await whoami(tokens.id_token)).output, `access:${bert}`);
    await dex.tokens(toGrafana(bert, "bert's"), "grafana's secret");
  });
});

describe("the config of Dex", () => {
  const plan: DexPlan = {
    ...{ hostname: "id.home.arpa", session: "8h", services },
    people: [{ email: ada, groups: [] }],
  };

  it("names no secret of what runs on people's own machines", () => {
    const made = parse(dexConfig(plan, { hashes, clients: { grafana: "s" } })) as {
      staticClients: Record<string, unknown>[];
    };
    const [grafana, kubernetes] = made.staticClients;
    assert.deepEqual([grafana?.["secret"], grafana?.["public"]], ["s", undefined]);
    assert.deepEqual([kubernetes?.["secret"], kubernetes?.["public"]], [undefined, true]);
  });

  it("is not made without a password for somebody", () => {
    assert.throws(() => dexConfig(plan, { hashes: {}, clients: {} }), /no secret was made for ada/);
  });

  it("is nothing that its text makes another of", () => {
    const text = dexConfig(plan, {
      hashes: { [ada]: "$2a$10$x" },
      clients: { grafana: "{{ $HOME" },
    });
    assert.equal(stringify(parse(text), { lineWidth: 0 }), text);
  });
});

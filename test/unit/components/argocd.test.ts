import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { application, project } from "../../../components/argocd/objects.ts";
import {
  isKnownHost,
  repositoryData,
  repositoryPlace,
} from "../../../components/argocd/repository.ts";
import { argocdValues, type ArgoCdPlan } from "../../../components/argocd/values.ts";
import { at } from "./at.ts";
import { closed, violations, type Schema } from "./json-schema.ts";
import { valuesSchema } from "./lab-schema.ts";
import { wordsOf } from "./step-words.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const plan: ArgoCdPlan = {
  hostname: "argocd.home.arpa",
  ...{ highlyAvailable: false, monitored: true, guarded: true, admin: false, knownHosts: [] },
  signOn: {
    name: "the site's login",
    issuer: "https://id.example.net",
    clientId: "argocd",
    scopes: ["openid", "email", "groups"],
    claims: ["groups", "email"],
    roles: [
      { role: "admin", subjects: ["homelab-admins", "admin@example.net"] },
      { role: "readonly", subjects: ["family"] },
    ],
  },
};

/** A value behind a key with dots. */
const dotted = (tree: unknown, path: string, key: string): unknown =>
  (at(tree, path) as Record<string, unknown>)[key];

describe("the values of Argo CD", () => {
  const values = argocdValues(plan);

  it("are all known to the chart", () => {
    const known = valuesSchema("argo-cd");
    assert.deepEqual(violations(known, values), []);
    const flags = { highlyAvailable: true, monitored: false, guarded: false, admin: true };
    const bare = argocdValues({ hostname: plan.hostname, knownHosts: [], ...flags });
    assert.deepEqual(violations(known, bare), []);
  });

  it("leave the kinds and argocd-secret to their owners", () => {
    assert.equal(at(values, "crds.install"), false);
    assert.equal(at(values, "configs.secret.createSecret"), false);
  });

  it("render Helm charts through Kustomize", () => {
    assert.equal(dotted(values, "configs.cm", "kustomize.buildOptions"), "--enable-helm");
  });

  it("let admin log in where its hash is given, and else draw no password", () => {
    assert.equal(dotted(values, "configs.cm", "admin.enabled"), false);
    const other = argocdValues({ ...plan, admin: true });
    assert.equal(dotted(other, "configs.cm", "admin.enabled"), true);
  });

  it("leave policies to the site where it has some", () => {
    assert.equal(at(values, "global.networkPolicy.create"), false);
    const open = argocdValues({ ...plan, guarded: false });
    assert.equal(at(open, "global.networkPolicy.create"), true);
  });

  it("refer to the client's secret, and put people into roles by groups and addresses", () => {
    const config: unknown = parse(String(dotted(values, "configs.cm", "oidc.config")));
    assert.equal(at(config, "clientSecret"), "$oidc.clientSecret");
    assert.equal(at(config, "issuer"), "https://id.example.net");
    assert.equal(at(values, "configs.rbac.scopes"), "[groups, email]");
    assert.equal(dotted(values, "configs.rbac", "policy.default"), "");
    assert.equal(
      dotted(values, "configs.rbac", "policy.csv"),
      "g, homelab-admins, role:admin\ng, admin@example.net, role:admin\ng, family, role:readonly\n",
    );
  });

  it("have the server know the site's own authority where the provider's certificate is of it", () => {
    const own = argocdValues({ ...plan, trusting: true });
    assert.deepEqual(violations(closed(valuesSchema("argo-cd")), own), []);
    assert.deepEqual(at(own, "server.env"), [{ name: "SSL_CERT_DIR", value: "/etc/internal-ca" }]);
    assert.deepEqual(at(own, "server.volumes[0].configMap"), { name: "internal-ca" });
    assert.equal(at(values, "server.env"), undefined);
  });

  it("have two of each and three of Redis where a host may be lost", () => {
    const many = argocdValues({ ...plan, highlyAvailable: true });
    assert.equal(at(many, "redis-ha.enabled"), true);
    assert.equal(at(many, "redis.enabled"), false);
    for (const part of ["server", "repoServer", "applicationSet"]) {
      assert.equal(at(many, `${part}.replicas`), 2);
      assert.equal(at(values, `${part}.replicas`), 1);
    }
  });

  it("make monitors only where somebody reads them", () => {
    assert.equal(at(values, "controller.metrics.serviceMonitor.enabled"), true);
    const dark = argocdValues({ ...plan, monitored: false });
    assert.equal(at(dark, "controller.metrics.serviceMonitor.enabled"), false);
  });

  it("give what runs repositories' own code no login to the API server", () => {
    assert.equal(at(values, "repoServer.automountServiceAccountToken"), false);
  });
});

describe("what Argo CD is told to bring", () => {
  const app = {
    ...{ name: "apps", project: "site", repository: "https://github.com/example/home.git" },
    ...{ revision: "main", path: "gitops/home", namespace: "argocd", prune: false },
  };

  it("are objects that the API server takes as they are", () => {
    const single = application({ ...app, each: false });
    assert.deepEqual(violations(closed(schema("application")), single), []);
    const set = application({ ...app, each: true });
    assert.deepEqual(violations(closed(schema("applicationset")), set), []);
    const plan = { name: "site", repositories: [app.repository], namespaces: ["*"] };
    for (const clusterWide of [true, false])
      assert.deepEqual(
        violations(closed(schema("appproject")), project({ ...plan, clusterWide })),
        [],
      );
  });

  it("stays when what brought it is deleted", () => {
    const single = application({ ...app, each: false });
    assert.equal("finalizers" in single.metadata, false);
    const set = application({ ...app, each: true });
    assert.equal(at(set, "spec.syncPolicy.preserveResourcesOnDeletion"), true);
  });

  it("is deleted by a repository's change only where the site says so", () => {
    const single = application({ ...app, each: false });
    assert.equal(at(single, "spec.syncPolicy.automated.prune"), false);
    const set = application({ ...app, each: true, prune: true });
    assert.equal(at(set, "spec.template.spec.syncPolicy.automated.prune"), true);
  });

  it("may touch nothing without a namespace unless its project may", () => {
    const plan = { name: "household", repositories: [app.repository], namespaces: ["photos"] };
    const object = project({ ...plan, clusterWide: false });
    assert.deepEqual(object.spec.clusterResourceWhitelist, []);
    assert.deepEqual(object.spec.destinations, [
      { server: "https://kubernetes.default.svc", namespace: "photos" },
    ]);
  });
});

describe("a repository of Argo CD", () => {
  it("is at a host and a port, whatever form its address has", () => {
    const place = (url: string) => {
      const found = repositoryPlace(url);
      return found && `${found.by} ${found.host} ${found.port}`;
    };
    assert.equal(place("https://github.com/example/home.git"), "https github.com 443");
    assert.equal(place("https://git.example.net:8443/home.git"), "https git.example.net 8443");
    assert.equal(place("git@github.com:example/home.git"), "ssh github.com 22");
    assert.equal(place("ssh://git@git.example.net:2222/home.git"), "ssh git.example.net 2222");
    for (const wrong of [
      "https://user:canary@github.com/home.git",
      "http://github.com/example/home.git",
      "git@192.168.1.5:home.git",
      "git@github.com:/home.git",
      "github.com/example/home.git",
    ])
      assert.equal(place(wrong), undefined, wrong);
  });

  it("is talked to by SSH only where its host's key is known", () => {
    const ssh = (host: string, port = 22) => ({ by: "ssh" as const, host, port });
    assert.ok(isKnownHost(ssh("github.com"), []));
    assert.ok(!isKnownHost(ssh("github.com", 2222), []));
    assert.ok(!isKnownHost(ssh("git.example.net"), []));
    assert.ok(isKnownHost(ssh("git.example.net"), ["git.example.net ssh-ed25519 AAAA"]));
    assert.ok(
      isKnownHost(ssh("git.example.net", 2222), ["[git.example.net]:2222 ssh-ed25519 AAAA"]),
    );
  });

  it("has a key of SSH with its last line end, which 1Password leaves out", () => {
    const data = repositoryData("home", { url: "git@github.com:a/b.git", sshPrivateKey: "KEY" });
    assert.deepEqual(data, {
      ...{ type: "git", name: "home", url: "git@github.com:a/b.git" },
      sshPrivateKey: "KEY\n",
    });
  });
});

const script = (file: string, layer = "argocd"): string =>
  readFileSync(new URL(`../../../components/${layer}/scripts/${file}`, import.meta.url), "utf8");

/** What a step says where kubectl answers by these cases. */
const run = (file: string, variables: string, cases: string): string =>
  wordsOf({
    functions: script("rke2.sh", "rke2") + script("refresh.sh"),
    variables: `NAMESPACE=argocd ${variables}`,
    cases,
    script: script(file),
  });

describe("the proof of Argo CD", () => {
  const variables = "SERVER=argocd-server:80 APPLICATIONS=apps SETS=each";
  const world = (sync = "Synced", conditions = "True False", compared = "{a}") => `
    *proxy/healthz) echo ok ;;
    *delete*) : ;;
    *status.sync.status*) printf ${sync} ;;
    *spec.source*) printf '{a}' ;;
    *comparedTo.source*) printf '${compared}' ;;
    *ResourcesUpToDate*) printf '${conditions}' ;;
    *range*) printf 'ComparisonError: no such path; ' ;;`;
  const seen = (cases: string) => run("seen.sh", variables, cases);

  it("ends once each Application was rendered as it now is", () => {
    assert.equal(seen(world()), "");
    assert.equal(seen(world("OutOfSync")), "");
  });

  it("gives Argo CD's own words where a repository cannot be read or rendered", () => {
    assert.equal(
      seen(world("Unknown")),
      "Argo CD cannot render the Application apps: ComparisonError: no such path;",
    );
    assert.match(seen(world("Synced", "True False", "{b}")), /cannot render the Application apps/);
    assert.match(seen(world("Synced", "False True")), /cannot make the Applications of each/);
  });

  it("misses a server that does not answer", () => {
    assert.match(seen("*healthz) echo down ;;"), /^Argo CD's server does not answer/);
  });
});

describe("Argo CD's way out", () => {
  it("takes the finalizers off what its controller alone would, sets first", () => {
    // Standard output of the patch is dropped; what it was asked goes to a copy of the step's own.
    const cases = `
      *api-resources*) printf 'applications.argoproj.io\\napplicationsets.argoproj.io\\n' ;;
      *"get applications.argoproj.io"*) printf 'application.argoproj.io/apps\\n' ;;
      *"get applicationsets.argoproj.io"*) printf 'applicationset.argoproj.io/each\\n' ;;
      *patch*) printf '%s\\n' "$4" >&3 ;;`;
    assert.deepEqual(run("let-go.sh", "; exec 3>&1", cases).split("\n"), [
      "applicationset.argoproj.io/each",
      "application.argoproj.io/apps",
    ]);
  });
});

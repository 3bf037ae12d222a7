import assert from "node:assert/strict";
import { loginKeys } from "../../../components/postgres/database-objects.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { storeKinds } from "../../../stacks/logins/kinds.ts";
import { handed } from "../../../stacks/parts/argocd/handable.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { postgresSite } from "./postgres-site.ts";
import { homeConfig } from "./sample.ts";

const site = {
  ...postgresSite(),
  "apps.typeo.logins": [
    { to: "postgres/main/photos" },
    {
      to: "postgres/main/home_assistant",
      environment: { DATABASE_URL: "uri" },
      folder: "/run/house",
    },
  ],
};

describe("an application that logs in to databases", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(site);
  });
  const plain = (name: string) => recording.get(name).plain;

  it("is nothing that the site's checks refuse", () => {
    assert.deepEqual(crossCheck(homeConfig(site), "home"), []);
  });

  it("finds the login in its environment, by the names that programs look for", () => {
    const { stringData } = plain("typeo-settings") as { stringData: Record<string, string> };
    assert.equal(stringData["PGHOST"], "main-pooler.postgres.svc.cluster.local");
    assert.equal(stringData["PGPORT"], "5432");
    assert.equal(stringData["PGDATABASE"], "photos");
    assert.equal(stringData["PGUSER"], "photos");
    assert.equal(stringData["PGPASSWORD"], "value-of-op://Homelab/Postgres/photos");
    assert.match(
      stringData["DATABASE_URL"] ?? "",
      /^postgresql:\/\/home_assistant:.*\/home_assistant$/,
    );
    assert.ok("FIREBASE_PRIVATE_KEY" in stringData);
  });

  it("finds it as files, in a Secret of its own namespace", () => {
    const secret = plain("typeo-postgres.main.home-assistant");
    assert.deepEqual(at(secret, "metadata.namespace"), "typeo");
    assert.deepEqual(Object.keys(at(secret, "stringData") as object).sort(), [...loginKeys].sort());
    const pod = at(plain("typeo-deployment"), "spec.template.spec");
    assert.deepEqual(at(pod, "volumes[1]"), {
      name: "secret-0",
      secret: { secretName: "postgres.main.home-assistant" },
    });
    assert.deepEqual(at(pod, "containers[0].volumeMounts[1]"), {
      ...{ name: "secret-0", mountPath: "/run/house", readOnly: true },
    });
  });

  it("runs once its databases have been seen", () => {
    const before = recording.waitsFor("typeo-deployment");
    assert.ok(before.has("postgres-main-applied-command"));
    assert.ok(before.has("typeo-postgres.main.home-assistant"));
    assert.ok(!recording.waitsFor("typeo-namespace").has("postgres-main-applied-command"));
  });

  it("shows no password", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("value-of-op://Homelab/Postgres/photos"));
  });

  it("rolls out when what it is told changes, in environment and files alike", async () => {
    const mark = (made: typeof recording) =>
      at(made.get("typeo-deployment").plain, "spec.template.metadata.annotations");
    const logins = site["apps.typeo.logins"].slice(1).map(({ to }) => ({ to, folder: "/run/db" }));
    const files = { ...site, "apps.typeo.logins": logins };
    const first = await recordedHome(files);
    const moved = await recordedHome({ ...files, ...postgresSite({ pooler: undefined }) });
    assert.notDeepEqual(mark(first), mark(moved));
    assert.notDeepEqual(mark(recording), mark(first));
  });

  it("reaches the databases' pods at their port, and nobody else of the namespace", () => {
    const policies = networkPolicies(policyPlan(homeConfig(site)));
    const specs = (namespace: string) =>
      JSON.stringify(policies.find(({ name }) => name === `homelab-${namespace}`)?.specs ?? []);
    assert.match(specs("typeo"), /"cnpg\.io\/cluster":"main"[^{}]*\}.*"5432"/);
    assert.match(specs("postgres"), /"typeo"/);
    const without = JSON.stringify(
      networkPolicies(policyPlan(homeConfig(postgresSite()))).find(
        ({ name }) => name === "homelab-postgres",
      )?.specs,
    );
    assert.ok(!without.includes('"typeo"'));
  });

  it("is not handed over to Argo CD, whose repository would have to hold a password", () => {
    const [typeo] = handed(homeConfig({ ...site, "apps.typeo.gitops": "argocd" }));
    assert.ok(typeo?.secrets.includes("logins"));
  });
});

describe("what stores tell", () => {
  it("is told by variables that name parts of a login", () => {
    for (const [kind, { keys, variables }] of Object.entries(storeKinds))
      for (const key of Object.values(variables))
        assert.ok((keys as readonly string[]).includes(key), `${kind}: ${key}`);
  });
});

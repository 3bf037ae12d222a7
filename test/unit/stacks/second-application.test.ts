import assert from "node:assert/strict";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import type { ReachedMachine } from "../../../components/machine.ts";
import { configPages } from "../../../stacks/config/page.ts";
import { siteJsonSchema } from "../../../stacks/config/json-schema.ts";
import { secretUses } from "../../../stacks/config/secret-ref.ts";
import { deployApps } from "../../../stacks/apps/deploy.ts";
import { applications, appsConfig } from "../../../stacks/apps/index.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { Derivation } from "../../../stacks/config/derivation.ts";
import { deriveSite, siteSchema, type SiteConfig } from "../../../stacks/schema.ts";
import { record } from "../../recorder.ts";
import { at } from "../components/at.ts";
import { fakeSecrets } from "../site-deps.ts";
import { homeValues } from "./sample.ts";
import { welcome } from "./welcome.ts";

/** What `stacks/apps/index.ts` would say with one line more. */
const all = { ...applications, welcome };
const schema = siteSchema.extend({ apps: appsConfig(all) });

const written = {
  image: "ghcr.io/example/welcome",
  version: "v2.0.0",
  hostname: "welcome.example.net",
  access: ["family"],
  settings: { GREETING: "op://Homelab/Welcome/greeting" },
};

/** A cluster that stands. */
function surroundings() {
  const kubernetes = new Kubernetes("kubernetes");
  const machine = { connection: {}, reached: kubernetes } as unknown as ReachedMachine;
  return { cluster: { nodes: [machine] as const }, running: { ready: kubernetes, kubernetes } };
}

function read(changes: Partial<typeof written> & { readonly pull?: object } = {}): SiteConfig {
  const home = homeValues({ "apps.welcome": { ...written, ...changes } });
  return deriveSite(schema.parse(home), new Derivation("home"));
}

describe("a second application, which is one file", () => {
  it("has its config read, its defaults filled in and its misspellings refused", () => {
    const { apps } = read();
    assert.equal(at(apps, "welcome.replicas"), 2);
    const misspelt = homeValues({ "apps.welcome": { ...written, imgae: "x" } });
    const issues = schema.safeParse(misspelt).error?.issues ?? [];
    assert.deepEqual(
      issues.map(({ path }) => path.join(".")),
      ["apps.welcome"],
    );
  });

  it("has its secrets among those that are read", () => {
    const refs = secretUses(schema, read()).map(({ path, ref }) => `${path} ${ref}`);
    assert.ok(
      refs.includes("homelab:apps.welcome.settings.GREETING op://Homelab/Welcome/greeting"),
    );
  });

  it("pulls a private image by a login that is read with its secrets", async () => {
    const recording = await record("home");
    const pull = { username: "homelab", password: "op://Homelab/Registry/password" };
    const config = read({ pull });
    const uses = secretUses(schema, config);
    const path = "homelab:apps.welcome.pull.password";
    assert.equal(uses.find((use) => use.path === path)?.ref, pull.password);
    const site = { name: "home", config, secrets: fakeSecrets(uses) };
    const { cluster, running } = surroundings();
    deployApps(site, cluster, { running, gateways: undefined }, all);
    const { resources } = await recording.settled();
    assert.ok(resources.some(({ name }) => name === "welcome-pull"));
    assert.ok(!resources.some(({ name }) => name === "typeo-pull"));
  });

  it("is checked as every public name is", () => {
    const problems = (changes: Partial<typeof written>) =>
      crossCheck(read(changes), "home").map(({ path, text }) => `${path}: ${text}`);
    assert.deepEqual(problems({}), []);
    assert.match(
      problems({ hostname: "typeo.example.net" }).join(),
      /^homelab:apps.welcome.hostname: typeo.example.net is published twice/,
    );
    assert.match(
      problems({ access: [] }).join(),
      /^homelab:apps.welcome.access: everybody on the internet could reach/,
    );
  });

  it("stands in the editors' schema and on the config page", () => {
    const json = siteJsonSchema(schema);
    const apps = at(json, "properties.config.properties.homelab:apps.properties");
    assert.deepEqual(Object.keys(apps as object), Object.keys(all));
    assert.match(configPages(json), /`welcome.hostname`/);
  });

  it("is deployed under its own names and says what to publish", async () => {
    const recording = await record("home");
    const config = read();
    const site = { name: "home", config, secrets: fakeSecrets(secretUses(schema, config)) };
    const { cluster, running } = surroundings();
    const published = deployApps(site, cluster, { running, gateways: undefined }, all);
    const { resources } = await recording.settled();
    const own = resources.filter(({ name }) => name.startsWith("welcome"));
    assert.deepEqual(own.map(({ name }) => name).sort(), [
      "welcome",
      "welcome-budget",
      "welcome-deployment",
      "welcome-fingerprint",
      "welcome-namespace",
      "welcome-service",
      "welcome-settings",
    ]);
    assert.deepEqual(
      published.map(({ hostname, service }) => [hostname, service]),
      [
        ["typeo.example.net", "http://typeo.typeo.svc.cluster.local:8080"],
        ["welcome.example.net", "http://welcome.welcome.svc.cluster.local:8080"],
      ],
    );
  });
});

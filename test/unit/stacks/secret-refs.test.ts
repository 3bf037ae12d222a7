import assert from "node:assert/strict";
import { runtime } from "@pulumi/pulumi";
import { z } from "zod";
import { parseSecretRef, secretRefPattern } from "../../../components/security/secret-ref.ts";
import type { SecretUse } from "../../../components/security/secrets.ts";
import { siteJsonSchema, type JsonSchema } from "../../../stacks/config/json-schema.ts";
import { siteSchema, siteSecrets } from "../../../stacks/schema.ts";
import { oneLine, secretRef, secretUses } from "../../../stacks/config/secret-ref.ts";
import { secretSources } from "../../../stacks/config/secret-sources.ts";
import { record } from "../../recorder.ts";
import { homeConfig } from "./sample.ts";

/** Every reference anywhere in a value, with its path. */
function references(value: unknown, path = "homelab"): string[] {
  if (typeof value === "string") return parseSecretRef(value) === undefined ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    references(inner, `${path}${path === "homelab" ? ":" : "."}${key}`),
  );
}

/** Paths of the strings that take a reference; `[]` for any entry of a list, NAME for any key of a map. */
function secretPlaces(schema: JsonSchema, path: readonly string[]): readonly (readonly string[])[] {
  if (schema["pattern"] === secretRefPattern) return [path];
  const { properties = {}, items, additionalProperties } = schema;
  return [
    ...Object.entries(properties).flatMap(([key, part]) => secretPlaces(part, [...path, key])),
    ...(items === undefined ? [] : secretPlaces(items, [...path, "[]"])),
    ...(typeof additionalProperties === "object"
      ? secretPlaces(additionalProperties, [...path, "NAME"])
      : []),
    ...["anyOf", "oneOf", "allOf"].flatMap((key) =>
      ((schema[key] ?? []) as readonly JsonSchema[]).flatMap((part) => secretPlaces(part, path)),
    ),
  ];
}

describe("secret references of a site", () => {
  const config = homeConfig({ "apps.typeo.settings.SECOND": "config:second" });

  it("are all read, each under its path", () => {
    const found = siteSecrets(config).map(({ path }) => path);
    assert.deepEqual([...found].sort(), references(config).sort());
    assert.equal(found.length, 14);
  });

  it("are found at every place that the editors' schema shows one", () => {
    const { properties } = siteJsonSchema(siteSchema).properties?.["config"] ?? {};
    const shown = Object.entries(properties ?? {}).flatMap(([key, part]) =>
      secretPlaces(part, [key.replace("homelab:", "")]),
    );
    assert.ok(shown.length >= 6);
    for (const path of shown) {
      const value = path.reduceRight<unknown>(
        (inner, key) => (key === "[]" ? [inner] : { [key]: inner }),
        "config:there",
      );
      assert.equal(secretUses(siteSchema, value).length, 1, path.join("."));
    }
  });

  it("are read wherever a schema may hold one", () => {
    const schema = z.strictObject({
      copied: secretRef("A token", "op://a/b/c", oneLine).describe("Another line of it"),
      open: secretRef("A token", "op://a/b/c").nullable(),
      inside: z
        .strictObject({ token: secretRef("A token", "op://a/b/c").default("config:usual") })
        .prefault({}),
    });
    const value = schema.parse({ copied: "config:a", open: "config:b" });
    assert.deepEqual(secretUses(schema, value), [
      { path: "homelab:copied", ref: "config:a", form: oneLine },
      { path: "homelab:open", ref: "config:b", form: undefined },
      { path: "homelab:inside.token", ref: "config:usual", form: undefined },
    ]);
    assert.deepEqual(secretUses(schema.shape.open, null), []);
  });

  const formOf = (path: string): NonNullable<SecretUse["form"]> => {
    const form = siteSecrets(config).find((use) => use.path === `homelab:${path}`)?.form;
    assert.ok(form, `${path} has no form`);
    return form;
  };

  it("have the form that their service needs", () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n";
    const cases: readonly [string, readonly string[], readonly string[]][] = [
      ["proxmox.apiToken", ["a@pve!b=12-ab"], ["12-ab", "a@pve!b=1 2"]],
      ["proxmox.sshPrivateKey", [key, key.replaceAll("\n", "\r\n")], ["ssh-ed25519 AAAA", "b3Bl"]],
      ["tailnet.oauth.clientSecret", ["tskey-client-k1-2"], ["a b", "a\n"]],
      ["edge.apiToken", ["v1.0-abc_d"], [" v1", ""]],
    ];
    for (const [path, good, bad] of cases) {
      const { pattern } = formOf(path);
      for (const value of good) assert.match(value, pattern);
      for (const value of bad) assert.doesNotMatch(value, pattern);
    }
  });

  it("are judged by editors as by the program", () => {
    const pattern = new RegExp(secretRefPattern);
    const texts = [
      ...["op://a/b/c", "op://a/b/s/c", "config:x", "config:x_1-y", "op://a b/c.d/e@f"],
      ...[
        "op://a/b",
        "op://a//c",
        "op:/a/b/c",
        "config:",
        "config:1",
        "op://a/b/c/d/e",
        " config:x",
      ],
    ];
    for (const text of texts)
      assert.equal(pattern.test(text), parseSecretRef(text) !== undefined, text);
  });
});

describe("secret sources of a stack", () => {
  after(() => {
    runtime.setAllConfig({});
  });

  it("are Connect's address and token, and the namespace secrets of the stack's config", async () => {
    await record("home");
    runtime.setAllConfig({ "secrets:hidden": "a", "secrets:plain": "b", "homelab:other": "c" }, [
      "secrets:hidden",
    ]);
    const env = { OP_CONNECT_TOKEN: "t", OP_SERVICE_ACCOUNT_TOKEN: "s" };
    const { connect, token, config } = secretSources(homeConfig().onePassword, env);
    assert.deepEqual([connect, token], ["https://connect.home.arpa", "t"]);
    const account = secretSources({ serviceAccount: true }, env);
    assert.deepEqual([account.connect, account.token], [undefined, "s"]);
    assert.deepEqual(
      ["hidden", "plain", "other"].map((name) => config.get(name)),
      ["a", "b", undefined],
    );
    assert.deepEqual(
      ["hidden", "plain", "other"].map((name) => config.isSecret(name)),
      [true, false, false],
    );
  });
});

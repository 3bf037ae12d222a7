import assert from "node:assert/strict";
import { keyProblems, secretKey, secretKeys } from "../../../components/secrets/secret-keys.ts";

const texts = (...args: Parameters<typeof keyProblems>): string =>
  keyProblems(...args)
    .map(({ key, text }) => `${key}: ${text}`)
    .join("\n");

// The cases of the operator's own tests at v1.12.0, pkg/kubernetessecrets/kubernetes_secrets_builder_test.go, among them.
describe("the key that 1Password's operator makes of a label", () => {
  for (const [label, key] of [
    ["password", "password"],
    ["TLS.crt_1-a", "TLS.crt_1-a"],
    ["admin password", "admin-password"],
    ["  admin (old)  ", "admin-old"],
    ["Größe", "Gr-e"],
    ["a   b", "a-b"],
    ["-dash", "-dash"],
    ["x".repeat(300), "x".repeat(253)],
  ] as const) {
    it(`is ${key.slice(0, 20)} for "${label.slice(0, 20)}"`, () => {
      assert.equal(secretKey(label), key);
    });
  }

  it("is none where nothing usable is left", () => {
    assert.equal(secretKey("密码"), undefined);
    assert.equal(secretKey(""), undefined);
  });
});

describe("an item that becomes a Secret", () => {
  const item = {
    fields: [
      { label: "username", value: "ada" },
      { label: "API token", value: "t" },
      { label: "notesPlain" },
      { label: "密码", value: "x" },
    ],
    urls: [{ label: "website", href: "https://example.net" }],
    files: [
      { name: "ca.crt", size: 10 },
      { name: "empty.txt", size: 0 },
    ],
  };

  it("has keys of its fields, websites and files, but for what is empty or has no usable name", () => {
    assert.deepEqual(secretKeys(item), ["API-token", "ca.crt", "username", "website"]);
    assert.equal(texts(item, ["username", "API-token", "ca.crt", "website"]), "");
  });

  it("lacks a field that is empty, and one that nobody called so", () => {
    assert.match(texts(item, ["notesPlain"]), /field "notesPlain" is empty.*fill it in/);
    assert.match(texts(item, ["empty.txt"]), /file "empty.txt" is empty/);
    assert.match(
      texts(item, ["api-token"]),
      /has no field "api-token".*its keys would be: API-token, ca\.crt, username, website/,
    );
    assert.match(texts({}, ["a"]), /its keys would be: none/);
  });

  it("has one of several values under a key that two parts become", () => {
    const twice = {
      fields: [
        { label: "admin password", value: "1" },
        { label: "admin/password", value: "2" },
        { label: "cert", value: "3" },
        { label: "empty" },
        { label: "empty", value: "4" },
      ],
      files: [{ name: "cert", size: 3 }],
    };
    assert.match(
      texts(twice, ["admin-password"]),
      /field "admin password" and field "admin\/password" become the same key/,
    );
    assert.match(texts(twice, ["cert"]), /field "cert" and file "cert"/);
    assert.equal(texts(twice, ["empty"]), "");
  });

  it("tells no value", () => {
    const fields = [
      { label: "a", value: "canary" },
      { label: "a", value: "canary" },
    ];
    assert.doesNotMatch(texts({ fields }, ["a", "b"]), /canary/);
  });
});

import assert from "node:assert/strict";
import { connectValues } from "../../../components/secrets/connect-values.ts";
import { reloaderValues } from "../../../components/workload/reloader.ts";
import { at } from "./at.ts";
import { violations } from "./json-schema.ts";
import { valuesSchema } from "./lab-schema.ts";

describe("values of the connect chart", () => {
  const values = connectValues({
    ...{ pollSeconds: 60, namespaces: ["household"] },
    marks: { credentials: "one", token: "two" },
  });

  it("are all known to the chart", () => {
    assert.deepEqual(violations(valuesSchema("connect"), values), []);
  });

  it("name the program's own Secrets, and hold none", () => {
    assert.equal(at(values, "connect.credentialsName"), "op-credentials");
    assert.equal(at(values, "connect.credentialsKey"), "1password-credentials.json");
    assert.deepEqual(at(values, "operator.token"), { name: "onepassword-token", key: "token" });
    assert.equal(at(values, "connect.credentials"), undefined);
  });

  it("roll each pod with the Secret that it began with, and leave restarts to Reloader", () => {
    const mark = "homelab/secret-fingerprint";
    assert.deepEqual(at(values, "connect.podAnnotations"), { [mark]: "one" });
    assert.deepEqual(at(values, "operator.podAnnotations"), { [mark]: "two" });
    assert.equal(at(values, "operator.autoRestart"), false);
    assert.deepEqual(at(values, "operator.watchNamespace"), ["household"]);
  });
});

describe("values of the reloader chart", () => {
  it("are all known to the chart, and leave alone who does not ask", () => {
    assert.deepEqual(violations(valuesSchema("reloader"), reloaderValues()), []);
    assert.equal(at(reloaderValues(), "reloader.autoReloadAll"), false);
  });
});

import assert from "node:assert/strict";
import {
  judgeLines,
  judgeRules,
  logsChecks,
  logsReleases,
  type LokiAnswer,
} from "../../../stacks/parts/logs/doctor.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig({ storage: {}, logs: {} });

const lines = (counts: Readonly<Record<string, number>>): LokiAnswer => ({
  data: {
    result: Object.entries(counts).map(([node, count]) => ({
      metric: { node },
      value: [1790000000, String(count)],
    })),
  },
});

const rules = (...list: readonly { name: string; health: string; lastError?: string }[]) => ({
  data: { groups: [{ rules: list }] },
});

describe("the doctor at logs", () => {
  it("asks nothing of a site without them, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(logsChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(logsChecks({ config, isUp: false }, run), []);
    assert.deepEqual(logsReleases(homeConfig()), []);
    assert.deepEqual(
      logsReleases(config).map(({ url }) => new URL(url).host),
      ["grafana-community.github.io", "grafana.github.io"],
    );
  });

  it("asks after rules only where somebody is told of lines", () => {
    const run = () => Promise.reject(new Error("asked"));
    const subjects = (changes: object) =>
      logsChecks(
        { config: homeConfig({ storage: {}, logs: {}, ...changes }), isUp: true },
        run,
      ).map(({ subject }) => subject);
    assert.deepEqual(subjects({ monitoring: undefined }), ["logs"]);
    const monitoring = { grafanaPassword: "op://Homelab/Grafana/password" };
    assert.deepEqual(subjects({ monitoring }), ["logs", "rules on logs"]);
  });

  it("is content when lines come from every machine", () => {
    assert.equal(
      said(judgeLines(["stone", "tank"], lines({ stone: 40, tank: 2 }))),
      "ok: logs: 42 lines of pods came within the last hour, from every machine",
    );
  });

  it("names machines that say nothing", () => {
    assert.equal(
      said(judgeLines(["stone", "tank"], lines({ stone: 40 }))),
      "warning: logs: nothing came from tank within an hour",
    );
  });

  it("gives Loki's words of a rule that it cannot evaluate", () => {
    const fine = { name: "KernelFault", health: "ok" };
    assert.equal(said(judgeRules(rules(fine))), "ok: rules on logs: 1 are evaluated");
    const broken = { name: "Rke2Failed", health: "err", lastError: "parse error" };
    assert.equal(
      said(judgeRules(rules(fine, broken))),
      "error: rules on logs: Rke2Failed cannot be evaluated: parse error",
    );
    assert.equal(said(judgeRules(rules())), "error: rules on logs: Loki has none");
  });
});

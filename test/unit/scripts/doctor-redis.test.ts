import assert from "node:assert/strict";
import { judgeInstances, redisChecks, type RedisPod } from "../../../stacks/parts/redis/doctor.ts";
import { redisSite } from "../stacks/redis-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig(redisSite());
const redis = config.redis ?? assert.fail();
const pod = (role: string | undefined, ready = "True"): RedisPod => ({
  metadata: { labels: { app: "cache", ...(role === undefined ? {} : { role }) } },
  status: { conditions: [{ type: "Ready", status: ready }] },
});
const judged = (...pods: readonly RedisPod[]) => said(judgeInstances(redis, pods));

describe("the doctor at Redis", () => {
  it("asks nothing of a site without it, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(redisChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(redisChecks({ config, isUp: false }, run), []);
  });

  it("is content with a master and its copies", () => {
    assert.equal(judged(pod("master"), pod("replica")), "ok: Redis cache: 2 pods are ready");
  });

  it("misses the master, and pods without a role", () => {
    assert.match(
      judged(pod("replica"), pod("master", "False")),
      /0 of its ready pods are the master/,
    );
    assert.match(judged(pod("master"), pod("master")), /2 of its ready pods are the master/);
    assert.match(judged(pod("master"), pod(undefined)), /1 of 2 pods are ready with a role/);
  });

  it("says which instance is not saved", () => {
    const unsaved = homeConfig(redisSite({ snapshots: undefined })).redis ?? assert.fail();
    const pods = [pod("master"), pod("replica")];
    assert.match(said(judgeInstances(unsaved, pods)), /is not saved/);
  });
});

import type { Problem } from "../../../components/problem.ts";
import { firstGoodVersion } from "../../../components/redis/releases.ts";
import { checkStore } from "../../config/store-checks.ts";
import type { SiteConfig } from "../../schema.ts";
import { checkSpread } from "../machines/nodes.ts";
import { isOlder } from "../versions/order.ts";
import type { RedisConfig } from "./schema.ts";

type Instance = RedisConfig["instances"][string];

/** Each instance can run, and is saved where it says so. */
export function checkRedis(config: SiteConfig): readonly Problem[] {
  const { redis } = config;
  if (redis === undefined) return [];
  return [
    ...Object.entries(redis.instances).flatMap(([name, instance]) => {
      const at = `homelab:redis.instances.${name}`;
      return [
        ...release(at, instance),
        ...checkSpread(config, `${at}.replicas`, instance.replicas, { what: "pods" }),
        ...snapshots(config, at, instance),
      ];
    }),
    ...folders(redis),
  ];
}

function release(at: string, { version }: Instance): readonly Problem[] {
  if (!isOlder(version, firstGoodVersion)) return [];
  const text = `${version} is older than what the operator was made for; use v${firstGoodVersion} or newer`;
  return [{ path: `${at}.version`, text }];
}

function snapshots(
  config: SiteConfig,
  at: string,
  { snapshots: to }: Instance,
): readonly Problem[] {
  if (to === undefined) return [];
  const path = `${at}.snapshots`;
  return [
    ...checkStore(config, path, to),
    ...(to.s3 !== undefined && to.keepDays !== undefined
      ? [
          {
            path: `${path}.keepDays`,
            text: "is for a bucket of the site's own; write a rule of expiry at the store outside",
          },
        ]
      : []),
  ];
}

/** Of two instances in one folder each would begin with what the other one has. */
function folders({ instances }: RedisConfig): readonly Problem[] {
  const all = Object.entries(instances).flatMap(([name, { snapshots: to }]) =>
    to?.s3 === undefined ? [] : [{ name, place: `${to.s3.endpoint}/${to.s3.bucket}/${to.folder}` }],
  );
  return all.flatMap(({ name, place }, i) => {
    const first = all.findIndex((one) => one.place === place);
    if (first === i) return [];
    const text = `${all[first]?.name ?? ""} saves to the same folder of the same bucket; name another one`;
    return [{ path: `homelab:redis.instances.${name}.snapshots.folder`, text }];
  });
}

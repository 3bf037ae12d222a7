import type { Changes } from "./sample.ts";

/** Home's changes by which it has storage and an instance of Redis that differs. */
export function redisSite(changes: object = {}, instances: object = {}): Changes {
  const cache = {
    password: "op://Homelab/Redis/password",
    snapshots: { bucket: "ceph-bucket", keepDays: 14 },
  };
  return {
    "storage.enabled": true,
    redis: { instances: { cache: { ...cache, ...changes }, ...instances } },
  };
}

/** An instance that is saved outside. */
export const outside = {
  replicas: 3,
  snapshots: {
    s3: {
      endpoint: "https://nas.home.arpa:9000",
      bucket: "redis",
      accessKey: "op://Homelab/NAS/access-key",
      secretKey: "op://Homelab/NAS/secret-key",
    },
    everyHours: 6,
  },
};

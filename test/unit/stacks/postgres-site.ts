import type { Changes } from "./sample.ts";

/** The cluster of `postgresSite`, as its file says. */
const main = {
  version: "18.4",
  storage: { class: "ceph-block", sizeGiB: 20 },
  wal: { sizeGiB: 5 },
  roles: { photos: { password: "op://Homelab/Postgres/photos" } },
  databases: {
    photos: { extensions: ["vector"], secretIn: ["photos", "household"] },
    home_assistant: {},
  },
  pooler: { instances: 2 },
  backup: { bucket: "ceph-bucket", keepDays: 14 },
};

/** Home's changes by which it has storage and Postgres, of whose clusters some differ. */
export function postgresSite(changes: object = {}, clusters: object = {}): Changes {
  return {
    "storage.enabled": true,
    postgres: { clusters: { main: { ...main, ...changes }, ...clusters } },
  };
}

/** A cluster that begins with what another one had at noon. */
export const recovered = {
  version: "18.4",
  databases: { photos: {} },
  recover: { from: "main", at: "2026-11-20T12:00:00Z" },
  backup: {
    s3: {
      endpoint: "https://nas.home.arpa:9000",
      bucket: "postgres",
      accessKey: "op://Homelab/NAS/access-key",
      secretKey: "op://Homelab/NAS/secret-key",
    },
    at: "04:15",
    weekdays: ["sunday", "wednesday"],
  },
};

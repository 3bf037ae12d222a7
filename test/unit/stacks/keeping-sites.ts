import type { Changes } from "./sample.ts";

const key = {
  accessKey: "op://Homelab/Cabin S3/access-key",
  secretKey: "op://Homelab/Cabin S3/secret-key",
};

/** Home, whose volumes go to a bucket of the cabin. */
export const savingHome: Changes = {
  "storage.enabled": true,
  "tailnet.egress": {
    cabin: { ip: "100.101.102.104", ports: [80, 443], hostnames: ["s3.cabin.home.arpa"] },
  },
  backup: {
    s3: { endpoint: "https://s3.cabin.home.arpa", bucket: "volumes-home", ...key },
    password: "op://Homelab/Backup/password",
  },
};

const ceph = { replicas: 2, failureDomain: "osd" };

/** The cabin, which keeps them. */
export const keepingCabin: Changes = {
  "versions.rookCeph": "v1.20.6",
  "versions.cephCsiDrivers": "1.0.4",
  "versions.ceph": "v20.2.4",
  "machineDefaults.extraDisks": ["first", "second"].map((name, i) => ({
    ...{ name, slot: i + 1, sizeGiB: 500 },
  })),
  storage: {
    classes: {
      "ceph-block": { kind: "block", default: true, ...ceph },
      "ceph-bucket": { kind: "bucket", ...ceph, hostnames: ["s3.cabin.home.arpa"] },
    },
  },
  certificates: {},
  gateway: {
    lan: { address: "192.168.2.200" },
    internal: { enabled: true, address: "100.101.102.104" },
    routes: {
      s3: {
        ...{ gateway: "internal", hostnames: ["s3.cabin.home.arpa"] },
        ...{ namespace: "rook-ceph", service: "rook-ceph-rgw-ceph-bucket", port: 80 },
      },
    },
  },
  buckets: { "volumes-home": { maxGiB: 100 } },
};

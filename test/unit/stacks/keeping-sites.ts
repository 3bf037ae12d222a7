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

/** The cabin, which keeps them, and shows its S3 to the tailnet in place of its LAN. */
export const keepingCabin: Changes = {
  "gateway.internal": { enabled: true, address: "100.101.102.104" },
  "gateway.routes.s3.gateway": "internal",
  "buckets.volumes-home": { maxGiB: 100 },
};

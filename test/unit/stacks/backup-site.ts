import type { Changes } from "./sample.ts";

/** A store outside, and who may use it. */
export const target = {
  endpoint: "https://nas.home.arpa:9000",
  bucket: "volumes",
  accessKey: "op://Homelab/NAS/access-key",
  secretKey: "op://Homelab/NAS/secret-key",
};

/** A claim that an operator makes. */
export const claim = { namespace: "monitoring", name: "prometheus-db-0", uid: 1000, gid: 2000 };

/** Home's changes by which it has storage and backups that differ. */
export function backupSite(changes: object = {}): Changes {
  return {
    "storage.enabled": true,
    monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
    backup: { s3: target, password: "op://Homelab/Backup/password", claims: [claim], ...changes },
  };
}

import type { Changes } from "./sample.ts";

/** Home's changes by which it has every application that keeps data, with what each needs. */
export function appsSite(changes: Changes = {}): Changes {
  return {
    "storage.enabled": true,
    libraries: { media: { sizeGiB: 500 } },
    postgres: {
      clusters: {
        main: { version: "18.4", databases: { history: {}, series: {} } },
        photos: {
          version: "18.4",
          image: "ghcr.io/tensorchord/cloudnative-vectorchord:18.4-1.1.1",
          preload: ["vchord.so"],
          roles: { photos: { superuser: true } },
          databases: { photos: {} },
        },
      },
    },
    redis: { instances: { queue: { undeclaredKeys: true } } },
    "apps.home-assistant": {
      version: "2026.8.3",
      expose: [
        { host: "ha.home.arpa", to: "lan" },
        { host: "home.example.net", to: "public", access: ["family"] },
      ],
      logins: [{ to: "postgres/main/history" }],
      egress: [{ networks: [{ cidr: "192.168.1.0/24" }], ports: [80, 443, 6053] }],
    },
    "apps.immich": {
      version: "v3.1.0",
      expose: [
        { host: "photos.home.arpa", to: "lan" },
        { host: "photos.example.net", to: "public", access: ["family"] },
      ],
      logins: [{ to: "postgres/photos/photos" }, { to: "redis/queue" }],
    },
    "apps.immich-machine-learning": { version: "v3.1.0" },
    "apps.plex": {
      version: "1.43.3.10896",
      address: "10.96.0.20",
      expose: [{ host: "plex.home.arpa", to: "lan" }],
    },
    "apps.sonarr": {
      version: "4.0.19.3001",
      expose: [{ host: "sonarr.home.arpa", to: "lan" }],
      logins: [{ to: "postgres/main/series" }],
    },
    "apps.radarr": { version: "6.4.1.10545", expose: [{ host: "radarr.home.arpa", to: "lan" }] },
    "apps.prowlarr": { version: "2.6.1.5509", expose: [{ host: "prowlarr.home.arpa", to: "lan" }] },
    "apps.bazarr": { version: "1.6.0", expose: [{ host: "bazarr.home.arpa", to: "lan" }] },
    "apps.seerr": {
      version: "v3.4.1",
      expose: [{ host: "seerr.example.net", to: "public", access: ["family"] }],
    },
    "apps.qbittorrent": {
      version: "5.2.3",
      expose: [{ host: "torrents.home.arpa", to: "lan" }],
      vpn: {
        endpoint: "198.51.100.7",
        publicKey: "VNNO5MYorFu1UerHvoXccW6TvotxbJ1GAGJKtzM9HTY=",
        address: "10.64.0.2/32",
        privateKey: "op://Homelab/VPN/private-key",
      },
    },
    ...changes,
  };
}

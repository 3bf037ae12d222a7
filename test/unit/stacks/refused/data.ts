import { appsSite } from "../apps-site.ts";
import type { RefusedSites } from "./index.ts";

const photos = "postgres.clusters.photos";

/** Applications that keep data, their volumes and their libraries. */
export const data: RefusedSites = {
  "a Home Assistant that takes its proxies from YAML": {
    edit: appsSite({ "apps.home-assistant.version": "2026.7.4" }),
    at: "homelab:apps.home-assistant.version",
    says: /2026\.7\.4 takes the proxies.*use 2026\.8\.0 or later/,
  },
  "a volume of a class that is none": {
    edit: appsSite({ "apps.home-assistant.volumes": { config: { class: "fast" } } }),
    at: "homelab:apps.home-assistant.volumes.config.class",
    says: /fast is no class of homelab:storage; name a block class: known are ceph-block/,
  },
  "a database's volume on a filesystem": {
    edit: appsSite({ "apps.sonarr.volumes": { config: { class: "ceph-filesystem" } } }),
    at: "homelab:apps.sonarr.volumes.config.class",
    says: /ceph-filesystem is of the kind file; name a block class/,
  },
  "a library on a class of one node": {
    edit: appsSite({ "libraries.media.class": "ceph-block" }),
    at: "homelab:libraries.media.class",
    says: /ceph-block is of the kind block; name a file class: known are ceph-filesystem/,
  },
  "a library where there are two classes for it": {
    edit: appsSite({
      "storage.classes": {
        "ceph-block": { kind: "block", default: true },
        ...{ archive: { kind: "file" }, films: { kind: "file" } },
      },
    }),
    at: "homelab:libraries.media.class",
    says: /is missing, and no class is the default; name a file class: known are archive, films/,
  },
  "an application without its library": {
    edit: appsSite({ libraries: {} }),
    at: "homelab:apps.plex",
    says: /needs the library media, .*add homelab:libraries\.media with its sizeGiB/,
  },
  "a library with an application's name": {
    edit: appsSite({ "libraries.immich": { sizeGiB: 1 } }),
    at: "homelab:libraries.immich",
    says: /immich is an application's name, and its namespace; use another name/,
  },
  "a volume that the recipe has not": {
    edit: appsSite({ "apps.plex.volumes": { films: { sizeGiB: 10 } } }),
    at: "homelab:apps.plex.volumes.films",
    says: /unknown key/,
  },
  "a volume of no size": {
    edit: appsSite({ "apps.plex.volumes": { config: { sizeGiB: 0 } } }),
    at: "homelab:apps.plex.volumes.config.sizeGiB",
    says: /1/,
  },
  "more volumes than a class was planned for": {
    edit: appsSite({
      "storage.classes": {
        "ceph-block": { kind: "block", default: true, claimsGiB: 100 },
        "ceph-filesystem": { kind: "file" },
      },
    }),
    at: "homelab:storage.classes.ceph-block.claimsGiB",
    says: /applications alone claim \d+ GiB of it, and 100 are planned/,
  },
  "an address outside of the pool": {
    edit: appsSite({ "apps.plex.address": "192.168.1.50" }),
    at: "homelab:apps.plex.address",
    says: /192\.168\.1\.50 is not between the first and the last of 10\.96\.0\.0\/16/,
  },
  "an address that the gateway has": {
    edit: appsSite({ "apps.plex.address": "10.96.0.80" }),
    at: "homelab:apps.plex.address",
    says: /10\.96\.0\.80 is homelab:gateway\.lan's already/,
  },
  "a download client with another way out than its VPN": {
    edit: appsSite({ "apps.qbittorrent.egress": [{ internet: true, ports: [443] }] }),
    at: "homelab:apps.qbittorrent.egress",
    says: /its only way out is its VPN/,
  },
  "a download client without a VPN": {
    edit: appsSite({ "apps.qbittorrent.vpn": undefined }),
    at: "homelab:apps.qbittorrent.vpn",
    says: /is missing/,
  },
  "a VPN's key in the clear": {
    edit: appsSite({ "apps.qbittorrent.vpn.privateKey": "QHJkeW5hbWljLWtleQ==" }),
    at: "homelab:apps.qbittorrent.vpn.privateKey",
    says: /use a reference: op:\/\/vault\/item\/field/,
  },
  "a download client on the internet": {
    edit: appsSite({
      "apps.qbittorrent.expose": [
        { host: "torrents.example.net", to: "public", access: ["family"] },
      ],
    }),
    at: "homelab:apps.qbittorrent.expose[0].to",
    says: /qbittorrent is for lan and tailnet alone/,
  },
  "Home Assistant open to everybody without a word": {
    edit: appsSite({
      "apps.home-assistant.expose": [{ host: "home.example.net", to: "public" }],
    }),
    at: "homelab:apps.home-assistant.expose[0].access",
    says: /everybody on the internet .*say why in withoutAccess/,
  },
  "a variable that a login sets by its recipe": {
    edit: appsSite({ "apps.immich.environment": { DB_HOSTNAME: "elsewhere" } }),
    at: "homelab:apps.immich.logins[0]",
    says: /sets DB_HOSTNAME, which `environment` or `settings` sets too/,
  },
  "Immich without a queue": {
    edit: appsSite({ "apps.immich.logins": [{ to: "postgres/photos/photos" }] }),
    at: "homelab:apps.immich.logins",
    says: /lacks a login to redis, without which Immich does not start; add \{ to: redis\/NAME \}/,
  },
  "Immich with a queue that refuses its scripts": {
    edit: appsSite({ "redis.instances.queue": {} }),
    at: "homelab:apps.immich.logins[1].to",
    says: /set homelab:redis\.instances\.queue\.undeclaredKeys/,
  },
  "machine learning of another release than Immich": {
    edit: appsSite({ "apps.immich-machine-learning.version": "v3.0.2-openvino" }),
    at: "homelab:apps.immich-machine-learning.version",
    says: /v3\.0\.2-openvino is not of Immich's release v3\.1\.0/,
  },
  "machine learning that asks nobody who he is, for everybody at home": {
    edit: appsSite({
      "apps.immich-machine-learning.expose": [{ host: "learning.home.arpa", to: "lan" }],
    }),
    at: "homelab:apps.immich-machine-learning.expose",
    says: /asks nobody who he is, and Immich reaches it without a name/,
  },
  "Immich with a queue that forgets": {
    edit: appsSite({ "redis.instances.queue": { undeclaredKeys: true, evicts: true } }),
    at: "homelab:apps.immich.logins[1].to",
    says: /remove homelab:redis\.instances\.queue\.evicts/,
  },
  "Immich behind a pooler that takes its locks away": {
    edit: appsSite({ [`${photos}.pooler`]: { mode: "transaction" } }),
    at: "homelab:apps.immich.logins[0].to",
    says: /locks .*set homelab:postgres\.clusters\.photos\.pooler\.mode: session/,
  },
  "Immich in a database without VectorChord": {
    edit: appsSite({ [`${photos}.image`]: undefined }),
    at: "homelab:apps.immich.logins[0].to",
    says: /has no VectorChord as far as its name tells; use homelab:postgres\.clusters\.photos\.image/,
  },
  "Immich with a VectorChord that it refuses": {
    edit: appsSite({
      [`${photos}.image`]: "ghcr.io/tensorchord/cloudnative-vectorchord:18.4-2.0.0",
    }),
    at: "homelab:apps.immich.logins[0].to",
    says: /VectorChord 2\.0\.0, and Immich v3\.1\.0 takes 0\.3\.0 and newer, below 2\.0\.0/,
  },
  "Immich in a cluster that does not load VectorChord": {
    edit: appsSite({ [`${photos}.preload`]: [] }),
    at: "homelab:apps.immich.logins[0].to",
    says: /add vchord\.so to homelab:postgres\.clusters\.photos\.preload/,
  },
  "Immich in a database of a plain owner": {
    edit: appsSite({ [`${photos}.roles`]: {} }),
    at: "homelab:apps.immich.logins[0].to",
    says: /owner is no superuser.*set homelab:postgres\.clusters\.photos\.roles\.photos\.superuser/,
  },
  "a loss of what the file still has": {
    edit: appsSite({ allowDataLoss: ["apps/immich"] }),
    at: "homelab:allowDataLoss[0]",
    says: /apps\/immich is still in homelab:apps; remove it there or here/,
  },
  "a loss of a library that the file still has": {
    edit: appsSite({ allowDataLoss: ["libraries/media"] }),
    at: "homelab:allowDataLoss[0]",
    says: /libraries\/media is still in homelab:libraries; remove it there or here/,
  },
};

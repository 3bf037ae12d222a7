import { anywhere } from "./servarr.ts";
import { statefulApplication } from "./stateful.ts";

/** https://github.com/home-operations/containers, apps/bazarr: subtitles beside the films and series of the library. */
export const bazarr = statefulApplication({
  title: "Bazarr",
  about: "Bazarr, which finds subtitles",
  image: "ghcr.io/home-operations/bazarr",
  port: 6767,
  probe: { path: "/api/system/ping" },
  user: { uid: 1000, gid: 1000 },
  volumes: [{ name: "config", folder: "/config", sizeGiB: 5, backup: true }],
  library: { name: "media", folder: "/media" },
  cpu: "20m",
  memory: { request: "128Mi", limit: "1Gi" },
  egress: [anywhere, { app: "sonarr" }, { app: "radarr" }],
  audiences: ["lan", "tailnet"],
});

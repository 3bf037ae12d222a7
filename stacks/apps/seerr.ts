import { anywhere } from "./servarr.ts";
import { statefulApplication } from "./stateful.ts";

/** https://github.com/seerr-team/seerr, what Overseerr and Jellyseerr have become: people ask for films and series. */
export const seerr = statefulApplication({
  title: "Seerr",
  about: "Seerr, where people ask for films and series",
  image: "ghcr.io/seerr-team/seerr",
  port: 5055,
  // Of its own settings alone: /api/v1/status asks GitHub for releases first, for as long as GitHub takes (server/routes/index.ts).
  probe: { path: "/api/v1/settings/public" },
  user: { uid: 1000, gid: 1000 },
  volumes: [{ name: "config", folder: "/app/config", sizeGiB: 5, backup: true }],
  cpu: "20m",
  memory: { request: "256Mi", limit: "1Gi" },
  egress: [anywhere, { app: "sonarr" }, { app: "radarr" }, { app: "plex" }],
});

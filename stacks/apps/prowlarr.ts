import { anywhere, servarr } from "./servarr.ts";

/** It knows the indexers for the others, and touches no file of the library. */
export const prowlarr = servarr({
  title: "Prowlarr",
  about: "Prowlarr, which knows indexers for Sonarr and Radarr",
  word: "prowlarr",
  port: 9696,
  egress: [anywhere, { app: "sonarr" }, { app: "radarr" }, { app: "qbittorrent" }],
});

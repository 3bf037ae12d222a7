import { anywhere, servarr } from "./servarr.ts";

export const sonarr = servarr({
  title: "Sonarr",
  about: "Sonarr, which looks after series",
  word: "sonarr",
  port: 8989,
  library: { name: "media", folder: "/media" },
  egress: [anywhere, { app: "prowlarr" }, { app: "qbittorrent" }, { app: "plex" }],
});

import { anywhere, servarr } from "./servarr.ts";

export const radarr = servarr({
  title: "Radarr",
  about: "Radarr, which looks after films",
  word: "radarr",
  port: 7878,
  library: { name: "media", folder: "/media" },
  egress: [anywhere, { app: "prowlarr" }, { app: "qbittorrent" }, { app: "plex" }],
});

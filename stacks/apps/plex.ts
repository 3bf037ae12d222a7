import { namesOf } from "./names.ts";
import { anywhere } from "./servarr.ts";
import { statefulApplication } from "./stateful.ts";

/**
 * The image writes what it is told into Preferences.xml at each start, and needs no root (home-operations/containers,
 * apps/plex). Clients of the LAN find it best at an address of its own, where it sees theirs: what comes by a gateway has the
 * proxy's. A claim token lasts four minutes, so it is none of the config's: docs/apps/plex.md.
 */
export const plex = statefulApplication({
  title: "Plex",
  about: "Plex, the media server",
  image: "ghcr.io/home-operations/plex",
  port: 32_400,
  probe: { path: "/identity" },
  // While it brings its database to a new version it answers 503.
  startSeconds: 1500,
  user: { uid: 1000, gid: 1000 },
  volumes: [{ name: "config", folder: "/config", sizeGiB: 50, backup: true }],
  library: { name: "media", folder: "/media", readOnly: true },
  scratch: [{ name: "transcode", folder: "/transcode", limit: "32Gi" }],
  // Its encoder of EAC3 writes below /tmp whatever it is told (Cloudbox issue 485), an hour's film more than 1 GiB.
  tmp: "8Gi",
  cpu: "200m",
  memory: { request: "1Gi", limit: "4Gi" },
  outside: [{ name: "http", port: 32_400 }],
  egress: [anywhere],
  environment: ({ name, config }) => ({
    // The analysis of music goes by this alone (linuxserver/docker-plex, pull request 448).
    TMPDIR: "/transcode",
    PLEX_ADVERTISE_URL: [
      ...namesOf(name, config).map(({ hostname }) => `https://${hostname}:443`),
      ...(config.address === undefined ? [] : [`http://${config.address}:32400`]),
    ].join(","),
  }),
  notices: ({ name, config }, path) =>
    namesOf(name, config)
      .filter(({ to }) => to === "public")
      .map(
        ({ hostname }) =>
          `${hostname} carries video through Cloudflare, whose terms for the plans without a video product may forbid it; use the tailnet or the LAN to watch (${path})`,
      ),
});

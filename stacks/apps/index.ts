import { z } from "zod";
import type { Application } from "./application.ts";
import { bazarr } from "./bazarr.ts";
import { homeAssistant } from "./home-assistant.ts";
import { immich } from "./immich.ts";
import { immichMachineLearning } from "./immich-machine-learning.ts";
import { plex } from "./plex.ts";
import { prowlarr } from "./prowlarr.ts";
import { qbittorrent } from "./qbittorrent.ts";
import { radarr } from "./radarr.ts";
import { seerr } from "./seerr.ts";
import { sonarr } from "./sonarr.ts";
import { status } from "./status.ts";
import { typeo } from "./typeo.ts";

/** Every application that a site can name, by its key under `homelab:apps`. */
export const applications = {
  status,
  typeo,
  "home-assistant": homeAssistant,
  immich,
  "immich-machine-learning": immichMachineLearning,
  plex,
  sonarr,
  radarr,
  prowlarr,
  bazarr,
  seerr,
  qbittorrent,
};

/** Configs of these applications; each is deployed when it is named. */
export function appsConfig<All extends Readonly<Record<string, Application>>>(all: All) {
  const configs = Object.entries(all).map(([name, { config }]) => [name, config.optional()]);
  const shape = Object.fromEntries(configs) as {
    [Name in keyof All]: z.ZodOptional<All[Name]["config"]>;
  };
  return z.strictObject(shape).describe("Applications; each is deployed when it is named");
}

import type { SiteConfig } from "../schema.ts";
import type { Application } from "./application.ts";
import { applications } from "./index.ts";
import type { Apps } from "./names.ts";

/** What people read of a site's applications in each run, for as long as it is so. */
export function appNotices(
  config: SiteConfig,
  all: Readonly<Record<string, Application>> = applications,
): readonly string[] {
  const apps: Apps = config.apps;
  return Object.entries(apps).flatMap(([name, app]) =>
    app === undefined ? [] : (all[name]?.notices?.(name, app, config) ?? []),
  );
}

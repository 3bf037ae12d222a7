import { z } from "zod";
import { scriptText } from "../../components/remote/shell.ts";
import { isOlder } from "../parts/versions/order.ts";
import type { SiteView } from "./site-view.ts";
import { statefulApplication } from "./stateful.ts";

/** What people go on with; automations, scripts and scenes are written there by the pages of Home Assistant too. */
const configuration = `# Yours from here on: the program writes it once, and never again.
default_config:

homeassistant:
  # What the site knows: where history is kept. It stays the program's.
  packages: !include_dir_named /homelab

automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
`;

/**
 * The image is built without s6, so that it needs no root (home-operations/containers, apps/home-assistant). A request with
 * X-Forwarded-For gets 400 unless its sender is a trusted proxy (home-assistant/core, components/http/forwarded.py): those are
 * pods, and on the node's network what nodes send on. What YAML says of them is taken once, on trial, and gone after five minutes
 * unless an administrator confirms it (components/http/config.py, AUTO_REVERT_DELAY), who would have to get in for that: so they
 * are written where confirmed settings are. History is in /config unless it logs in to Postgres. Nothing is mounted inside of
 * /config: to restore a backup Home Assistant deletes what is in it, folder by folder, and would end at a mount, with .storage and
 * the accounts in it gone (backup_restore.py, _clear_configuration_directory).
 */
export const homeAssistant = statefulApplication({
  title: "HomeAssistant",
  about: "Home Assistant, the house's automation",
  image: "ghcr.io/home-operations/home-assistant",
  port: 8123,
  probe: "tcp",
  startSeconds: 900,
  // What upstream gives it: S6_SERVICES_GRACETIME, kept in step with async_stop (home-assistant/core, Dockerfile).
  leaveSeconds: 240,
  user: { uid: 1000, gid: 1000 },
  volumes: [
    { name: "config", folder: "/config", sizeGiB: 10, backup: true },
    { name: "packages", folder: "/packages", sizeGiB: 2, backup: false },
  ],
  // It restores a backup by way of /tmp, unpacked twice (home-assistant/core, backup_restore.py).
  tmp: "10Gi",
  cpu: "100m",
  memory: { request: "512Mi", limit: "2Gi" },
  // The image's own is /config/.venv (entrypoint.sh).
  environment: () => ({ VENV_FOLDER: "/packages" }),
  logins: { postgres: { RECORDER_URL: "uri" } },
  egress: [{ internet: true, ports: [80, 443] }],
  extra: {
    discovery: z
      .enum(["none", "host"])
      .default("none")
      .describe(
        "How it finds devices by itself: not at all, and you name each by its address; or on the `host` network of its machine, where no network policy holds it back",
      ),
  },
  onHost: ({ config: { discovery } }) =>
    discovery === "none" ? undefined : "it listens for what devices of the LAN announce",
  seed: {
    volume: "config",
    files: () => ({
      "configuration.yaml": configuration,
      ...{ "automations.yaml": "[]\n", "scripts.yaml": "{}\n", "scenes.yaml": "[]\n" },
    }),
  },
  prepare: {
    volume: "config",
    script: scriptText(import.meta.url, "home-assistant-proxies.sh"),
    args: ({ config, site }) => [JSON.stringify(proxies(config, site))],
  },
  files: {
    folder: "/homelab",
    content: ({ config }) => ({ "site.yaml": siteYaml(config) }),
  },
  checks: ({ config: { version } }, path) =>
    isOlder(version, "2026.8")
      ? [
          {
            path: `${path}.version`,
            text: `${version} takes the proxies that it trusts from its YAML, which nobody writes here; use 2026.8.0 or later`,
          },
        ]
      : [],
  notices: ({ name, config: { discovery } }) =>
    discovery === "none"
      ? []
      : [
          `${name} is on its machine's own network for discovery: no network policy holds it back, its namespace admits any pod, and its port 8123 is open on that machine (homelab:apps.${name}.discovery)`,
        ],
});

/** Whom it trusts to say who a visitor is. */
function proxies(
  { discovery }: { readonly discovery: string },
  { network, machines }: SiteView,
): readonly string[] {
  return [
    network.pods,
    ...(discovery === "host" ? machines.map(({ address }) => `${address}/32`) : []),
  ];
}

/**
 * The package of the site: https://www.home-assistant.io/docs/configuration/packages/. A recorder that has not reached its
 * database after that many tries, 3 s apart, gives up until Home Assistant starts anew, and so it does while it runs
 * (home-assistant/core, recorder/core.py and issues 180041 and 182900): by itself after 30 s, which a Postgres that moves to another
 * machine may take. Its start waits for the recorder, and takes it for failed after 300 s (setup.py, SLOW_SETUP_MAX_WAIT).
 */
function siteYaml({ logins }: { readonly logins: readonly { to: string }[] }): string {
  return logins.some(({ to }) => to.startsWith("postgres/"))
    ? "recorder:\n  db_url: !env_var RECORDER_URL\n  db_max_retries: 90\n"
    : "{}\n";
}

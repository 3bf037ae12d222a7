/** Images by their releases; docs/apps/tesla.md says when they were read. */

/** https://github.com/teslamotors/fleet-telemetry/releases; its tags of images begin with v. */
export const serverImage = "docker.io/tesla/fleet-telemetry:v0.9.4";

/** https://github.com/teslamotors/vehicle-command/releases; its tags of images do not. */
export const proxyImage = "docker.io/tesla/vehicle-command:0.4.1";

/** https://github.com/influxdata/telegraf/releases */
export const readerImage = "docker.io/library/telegraf:1.39.3-alpine";

/** Speaks with the proxy, which has no shell: https://github.com/curl/curl-container */
export const curlImage = "docker.io/curlimages/curl:8.16.0";

import type { ZoneFile } from "./zones.ts";

/** Ports of the resolver: names, Prometheus, whether it lives and whether it answers. */
export const resolverPorts = { dns: 1053, metrics: 9153, health: 8080, ready: 8181 } as const;

/** Where the pods find Corefile and zones. */
export const resolverFolder = "/etc/coredns";

/** Name of a zone's file. */
export function zoneFileName(zone: string): string {
  return `${zone}.zone`;
}

/**
 * Corefile of the site's resolver. It answers for its zones; for other names it asks on where `forward` names servers, and
 * refuses otherwise. A new content rolls out pod by pod, so that nothing is reloaded.
 * @see https://coredns.io/plugins/file/
 */
export function resolverCorefile(zones: readonly ZoneFile[], forward: readonly string[]): string {
  const block = (zone: string, ...lines: readonly string[]): string =>
    `${zone}:${resolverPorts.dns} {\n${["errors", ...lines, `prometheus :${resolverPorts.metrics}`]
      .map((line) => `    ${line}\n`)
      .join("")}}\n`;
  const own = zones.map(({ zone }, i) =>
    block(
      zone,
      `file ${resolverFolder}/${zoneFileName(zone)} ${zone} {`,
      "    reload 0",
      "}",
      ...(i > 0
        ? []
        : [
            `health :${resolverPorts.health} {`,
            "    lameduck 5s",
            "}",
            `ready :${resolverPorts.ready}`,
          ]),
    ),
  );
  const others =
    forward.length === 0 ? [] : [block(".", "cache 30", `forward . ${forward.join(" ")}`)];
  return [...own, ...others].join("\n");
}

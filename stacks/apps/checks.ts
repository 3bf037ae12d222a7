import { addressNumber } from "../../components/network/cidr.ts";
import { isWithheld, poolRange, poolText } from "../../components/network/pool.ts";
import type { Problem } from "../../components/problem.ts";
import { checkVolumeClass } from "../config/volume-checks.ts";
import type { SiteConfig } from "../schema.ts";
import type { Application } from "./application.ts";
import { keptApps, siteVolumes, type SiteVolume } from "./data/volumes.ts";
import { applications } from "./index.ts";
import type { Apps } from "./names.ts";

type All = Readonly<Record<string, Application>>;

/** Applications that keep data have classes with room for it, a library where they share one, and addresses that are free. */
export function checkApps(config: SiteConfig, all: All = applications): readonly Problem[] {
  const volumes = siteVolumes(config, all);
  const apps: Apps = config.apps;
  return [
    ...volumes.flatMap((volume) =>
      checkVolumeClass(config, `${volume.path}.class`, volume.named, kindOf(volume)),
    ),
    ...room(config, volumes),
    ...libraries(config, all),
    ...addresses(config, all),
    ...Object.entries(apps).flatMap(([name, app]) =>
      app === undefined ? [] : (all[name]?.checks?.(name, app, config) ?? []),
    ),
  ];
}

const kindOf = ({ shared }: SiteVolume): "file" | "block" => (shared ? "file" : "block");

/** What volumes take of a class is part of what it was planned for. */
function room({ storage }: SiteConfig, volumes: readonly SiteVolume[]): readonly Problem[] {
  return (storage?.classes ?? []).flatMap(({ name, claimsGiB }) => {
    const own = volumes.filter((volume) => volume.class === name);
    const wanted = own.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0);
    if (claimsGiB === 0 || wanted <= claimsGiB) return [];
    const text = `applications alone claim ${wanted} GiB of it, and ${claimsGiB} are planned; raise it, or lower sizes of ${own.map(({ path }) => path).join(", ")}`;
    return [{ path: `homelab:storage.classes.${name}.claimsGiB`, text }];
  });
}

/** An application is in the namespace of its library, and nobody else makes that one. */
function libraries({ apps, libraries: there }: SiteConfig, all: All): readonly Problem[] {
  const missing = Object.keys(apps).flatMap((name) => {
    const library = all[name]?.library;
    if (library === undefined || library in there) return [];
    const text = `needs the library ${library}, and the site has none of that name; add homelab:libraries.${library} with its sizeGiB`;
    return [{ path: `homelab:apps.${name}`, text }];
  });
  const taken = Object.keys(there).flatMap((name) =>
    name in all
      ? [
          {
            path: `homelab:libraries.${name}`,
            text: `${name} is an application's name, and its namespace; use another name`,
          },
        ]
      : [],
  );
  return [...missing, ...taken];
}

/** An address of the pool, which nobody else has. */
function addresses(config: SiteConfig, all: All): readonly Problem[] {
  const { network, gateway, names, tesla } = config;
  const range = poolRange(network.loadBalancers);
  const taken = new Map<string, string>([
    ...(gateway === undefined ? [] : [[gateway.lan.address, "homelab:gateway.lan"] as const]),
    ...(names === undefined ? [] : [[names.address, "homelab:names"] as const]),
    ...(tesla === undefined ? [] : [[tesla.address, "homelab:tesla"] as const]),
  ]);
  return keptApps(config, all).flatMap(({ name, balancer, onHost }) => {
    if (balancer === undefined || onHost) return [];
    const { address } = balancer;
    const path = `homelab:apps.${name}.address`;
    const other = taken.get(address);
    taken.set(address, `homelab:apps.${name}`);
    if (other !== undefined)
      return [{ path, text: `${address} is ${other}'s already; use another one` }];
    const number = addressNumber(address);
    const inside = number >= range.first && number <= range.last;
    if (inside && !isWithheld(network.loadBalancers, address)) return [];
    const text = `${address} is not between the first and the last of ${poolText(network.loadBalancers)} (homelab:network.loadBalancers), whose addresses alone are announced; use one of these`;
    return [{ path, text }];
  });
}

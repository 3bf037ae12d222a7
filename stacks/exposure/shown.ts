/** How visitors come to each application of a site, and where it keeps its data: what a picture shows, made of the config alone. */
import { teslaNamespace } from "../../components/tesla/names.ts";
import { keptApps, siteVolumes } from "../apps/data/volumes.ts";
import type { Audience } from "../apps/expose-schema.ts";
import { applications } from "../apps/index.ts";
import type { Apps } from "../apps/names.ts";
import { wantedBackups } from "../parts/backup/volumes.ts";
import { gatewayDevice } from "../parts/gateway/plans.ts";
import type { SiteConfig } from "../schema.ts";
import { siteExposure, type Exposed } from "./table.ts";

/** An application, or the namespace of a part that has names of its own. */
export interface Shown {
  /** Its key in the config, or the namespace. */
  readonly name: string;
  /** What it is, or what of it answers. */
  readonly about: string;
  readonly entrances: readonly Entrance[];
  readonly stores: readonly ShownStore[];
}

/** A name by which it is reached. */
export interface Entrance {
  /** The name, or the address and port where it has none. */
  readonly host: string;
  readonly door: Door;
  /** Who passes, where it is not everybody who comes to the door. */
  readonly passes?: string;
}

/** What stands between those who come from somewhere and an application. */
export interface Door {
  readonly from: Audience;
  readonly title: string;
  readonly lines: readonly string[];
}

/** Something that data is kept in. */
export interface ShownStore {
  readonly what: string;
  /** What becomes of it when it is lost; nothing is said where the config does not. */
  readonly backup?: { readonly made: boolean; readonly text: string };
}

/** Every application of a site called `site`, in the config's order, then what else of it has a name outside. */
export function shownOf(site: string, config: SiteConfig): readonly Shown[] {
  const table = siteExposure(config);
  const apps: Apps = config.apps;
  const names = [
    ...Object.keys(apps).filter((name) => apps[name] !== undefined),
    ...table.map(({ backend }) => owner(backend)),
  ];
  return [...new Set(names)].map((name) => {
    const own = table.filter(({ backend }) => owner(backend) === name);
    return {
      ...{ name, about: aboutOf(name) ?? services(own) },
      entrances: own.map((one) => ({
        host: `${one.host}${beginning(one.path)}`,
        door: doorTo(one, table, site, config),
        ...passesAt(one),
      })),
      stores: storesOf(name, config),
    };
  });
}

/** The application that answers, or the namespace. */
const owner = (backend: string): string => backend.split("/")[0] ?? backend;

/** What a recipe says of itself after its name. */
function aboutOf(app: string): string | undefined {
  const all: Readonly<Record<string, { config: { description?: string | undefined } }>> =
    applications;
  return all[app]?.config.description?.replace(/^[^,]*, (which )?/, "");
}

const services = (own: readonly Exposed[]): string =>
  [...new Set(own.map(({ backend }) => backend.split("/")[1] ?? backend))].join(", ");

/** A path of more than one folder is left out: a picture has no room for it. */
const beginning = (path = ""): string => (path.lastIndexOf("/") > 0 ? "/…" : path);

/** Who passes, in a few words; the page of a site's exposure has more. */
function passesAt({ to, access, withoutAccess, allow }: Exposed): Pick<Entrance, "passes"> {
  if (to !== "public") return allow === undefined ? {} : { passes: `from ${allow.join(", ")}` };
  return {
    passes:
      withoutAccess === undefined ? `Access: ${access.join(", ")}` : `no Access: ${withoutAccess}`,
  };
}

/** What stands on the way; a gateway is one door for all names that it serves. */
function doorTo(
  { to: from, direct, forwardedTo, port }: Exposed,
  table: readonly Exposed[],
  site: string,
  { gateway }: SiteConfig,
): Door {
  if (forwardedTo !== undefined) {
    const lines = [`forwards port ${port} to ${forwardedTo}`, "past Cloudflare"];
    return { from, title: "Your router", lines };
  }
  if (direct === true) return { from, title: "Its own address", lines: ["past the gateways"] };
  if (from === "public")
    return { from, title: "Cloudflare", lines: ["ends TLS", "its tunnel leads in"] };
  const names = table.flatMap(({ to, tls }) => (to === from && tls.startsWith("*.") ? [tls] : []));
  const certificate = names.length === 0 ? [] : [`certificate ${[...new Set(names)].join(", ")}`];
  if (from === "lan")
    return { from, title: "Gateway lan", lines: [gateway?.lan.address ?? "", ...certificate] };
  const { address } = gateway?.internal ?? {};
  return {
    ...{ from, title: "Tailnet's gateway" },
    lines: [
      [gatewayDevice(site), address].filter((one) => one !== undefined).join(", "),
      ...[...certificate, "whom grants let in"],
    ],
  };
}

/** Volumes, the library, and stores that it logs in to. */
function storesOf(name: string, config: SiteConfig): readonly ShownStore[] {
  const apps: Apps = config.apps;
  const library = keptApps(config).find((one) => one.name === name)?.namespace;
  const saved = wantedBackups(config);
  const volumes = siteVolumes(config).flatMap(({ data, name: claim, namespace, sizeGiB }) => {
    const [kind, owner, volume = owner] = data.split("/");
    const own = kind === "apps" ? owner === name : owner === library;
    if (!own) return [];
    const made = saved.some((one) => one.namespace === namespace && one.claim === claim);
    const what = `${kind === "apps" ? "volume" : "library"} ${volume ?? ""}, ${sizeGiB} GiB`;
    return [{ what, backup: { made, text: made ? "backed up" : "no backup" } }];
  });
  const logins = (apps[name]?.logins ?? []).map(({ to }) => storeAt(to, config));
  const { tesla } = config;
  const records =
    tesla !== undefined && name === teslaNamespace.name
      ? [storeAt(`kafka/${tesla.kafka}`, config)]
      : [];
  return [...volumes, ...logins, ...records];
}

/** A store by its address, such as `postgres/main/photos`. */
function storeAt(address: string, { postgres }: SiteConfig): ShownStore {
  const [kind = "", cluster = "", ...rest] = address.split("/");
  const title = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  const what = `${title} ${[cluster, ...rest].join("/")}`;
  if (kind !== "postgres") return { what };
  const backup = postgres?.clusters[cluster]?.backup;
  const text =
    backup === undefined
      ? "no backup"
      : backup.s3 === undefined
        ? "in a bucket of the site"
        : "backed up";
  return { what, backup: { made: backup?.s3 !== undefined, text } };
}
